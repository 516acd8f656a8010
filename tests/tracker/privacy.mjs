// Scenarios of visitors who do not want to be followed, or are asked first. drive.mjs runs them.
import { pause } from './visitor.mjs';

const collector = process.argv[3];

export const privacy = {
  async privacy_control(visitor) {
    await visitor.context.addInitScript(() => Object.defineProperty(navigator, 'globalPrivacyControl', { value: true }));
    await visitor.context.setExtraHTTPHeaders({ 'Sec-GPC': '1' });
    const page = await visitor.open();
    await page.click('#login');
    await visitor.click(page, '#wish');
    await page.waitForResponse((answer) => answer.url().startsWith(collector) && answer.status() === 202);
    await pause(1500);
    visitor.facts.nStored = await page.evaluate(() => localStorage.length);
    await visitor.click(page, '[data-track=select_item]'); // left at once: the beacon takes it
    await page.waitForURL('**/product.html?id=cup');
    visitor.saw('product.html?id=cup');
    await pause(1500);
  },

  async id_cookie(visitor) {
    const idStored = (page) => page.evaluate(() => JSON.parse(localStorage.getItem('growthhouse')).a);
    const page = await visitor.open();
    await visitor.click(page, '#wish');
    await visitor.drain(page);
    const ids = [await idStored(page)];
    await page.goto(visitor.address('shop.css')); // without the tracker
    await page.evaluate(() => localStorage.clear()); // as some browsers do after seven days
    await page.goto(visitor.address('index.html'));
    visitor.saw('index.html');
    await visitor.click(page, '#wish');
    await visitor.drain(page);
    visitor.facts.idsStored = [...ids, await idStored(page)];
    await page.click('#logout');
    await page.evaluate(() => window.growthhouse.identify('customer-2'));
    await visitor.drain(page);
  },

  async do_not_track(visitor) {
    await visitor.context.addInitScript(() => Object.defineProperty(navigator, 'doNotTrack', { value: '1' }));
    const page = await visitor.open();
    await page.click('#wish');
    await pause(1300);
    visitor.facts.nStored = await page.evaluate(() => localStorage.length);
    visitor.views = {};
  },

  async consent_given(visitor) {
    const page = await visitor.open();
    await visitor.click(page, '#wish');
    await pause(1300);
    visitor.facts.nStored = await page.evaluate(() => localStorage.length);
    await page.evaluate(() => window.growthhouse.consent(true));
    await visitor.drain(page);
    await page.reload();
    visitor.saw('index.html');
    await visitor.click(page, '#wish'); // the answer is remembered
    await visitor.drain(page);
  },

  async consent_refused(visitor) {
    const page = await visitor.open();
    await page.click('#wish');
    await page.evaluate(() => window.growthhouse.consent(false));
    await page.click('#wish');
    await page.reload();
    await page.click('#wish');
    await pause(1300);
    visitor.facts.stored = await page.evaluate(() => ({ ...localStorage }));
    visitor.views = {};
  },
};
