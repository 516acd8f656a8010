// Drives Chromium through the demo shop, one scenario after the other, and prints a ledger of what a person did:
// {scenario: {clicks: {name: times}, views: {path: times}, …}}. What arrived is judged by test_tracker.py.
// Usage: node drive.mjs SHOP COLLECTOR CHROMIUM USER_AGENT
import { createRequire } from 'node:module';
import { privacy } from './privacy.mjs';
import {
  Visitor, answerLost, breakCollector, loginPage, pause, slow, unavailable, unreachable, until,
} from './visitor.mjs';

const [shop, collector, chromiumPath, agent] = process.argv.slice(2);
const { chromium } = createRequire(new URL('../../collector/tracker/package.json', import.meta.url))('playwright-core');

const browser = await chromium.launch({
  executablePath: chromiumPath,
  args: ['--no-sandbox', '--disable-dev-shm-usage', `--user-agent=${agent}`],
  ignoreDefaultArgs: ['--disable-back-forward-cache'],
});

const scenarios = {
  async funnel(visitor) {
    const page = await visitor.open();
    await visitor.click(page, '[data-track=select_item][data-track-product-id=pot]');
    await page.waitForURL('**/product.html?id=pot');
    visitor.saw('product.html?id=pot');
    await visitor.click(page, '#cart');
    await visitor.click(page, '#checkout');
    await page.waitForURL('**/checkout.html');
    visitor.saw('checkout.html');
    await visitor.drain(page);
    await visitor.click(page, '#buy'); // a button of a tracked form: the submit is what is tracked
    visitor.clicks = Object.fromEntries(Object.entries(visitor.clicks).slice(0, -1));
    await page.waitForSelector('text=Thank you');
    await visitor.drain(page);
  },

  async reload(visitor) {
    const page = await visitor.open();
    for (let n = 0; n < 3; n++) {
      await visitor.click(page, '#wish');
      await page.reload();
      visitor.saw('index.html');
    }
    await visitor.click(page, '#wish');
    await visitor.drain(page);
  },

  async offline(visitor) {
    const page = await visitor.open();
    await visitor.drain(page);
    await visitor.context.setOffline(true);
    for (let n = 0; n < 3; n++) await visitor.click(page, '#wish');
    await pause(1500); // an attempt fails
    await visitor.context.setOffline(false);
    await visitor.drain(page);
  },

  async offline_and_closed(visitor) {
    const page = await visitor.open();
    await visitor.drain(page);
    await visitor.context.setOffline(true);
    await visitor.click(page, '#wish');
    await visitor.click(page, '#wish');
    await page.close();
    await visitor.context.setOffline(false);
    await visitor.drain(await visitor.open());
  },

  async closed_tab(visitor) {
    const other = await visitor.context.newPage(); // keeps the browser, without the tracker
    const page = await visitor.open();
    await visitor.drain(page);
    await pause(1100);
    await visitor.click(page, '#wish'); // sent at once
    await visitor.click(page, '#wish'); // waits for its second, and goes by beacon
    await page.close({ runBeforeUnload: true });
    await until(() => page.isClosed(), 'the tab is closed');
    await pause(500);
    await other.close();
  },

  async closed_while_failing(visitor) {
    const page = await visitor.open();
    await visitor.drain(page);
    await breakCollector(page, Array(100).fill(unavailable));
    await visitor.click(page, '#wish');
    await pause(1300);
    await visitor.click(page, '#wish');
    await page.close({ runBeforeUnload: true });
    await until(() => page.isClosed(), 'the tab is closed');
    await visitor.drain(await visitor.open());
  },

  async two_tabs(visitor) {
    const [one, two] = [await visitor.open(), await visitor.open('product.html?id=cup')];
    for (let n = 0; n < 3; n++) {
      await visitor.click(one, '#wish');
      await visitor.click(two, '#cart');
    }
    await visitor.drain(one);
    await breakCollector(one, Array(100).fill(unreachable));
    await visitor.click(one, '#wish');
    await pause(1300);
    const waiting = () => two.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('growthhouse.queue.')));
    await two.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await pause(300);
    visitor.facts.keptWhileAlive = (await waiting()).length;
    await one.close();
    await two.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await visitor.drain(two);
  },

  async failing(visitor) {
    const times = await breakCollector(visitor.context, [unavailable, loginPage, unreachable]);
    const page = await visitor.open();
    for (let n = 0; n < 3; n++) await visitor.click(page, '#wish');
    await visitor.drain(page);
    visitor.facts.pauseAfter503 = times[1] - times[0];
    visitor.facts.nRequests = times.length;
  },

  async answer_lost(visitor) {
    await breakCollector(visitor.context, [answerLost, answerLost]);
    const page = await visitor.open();
    await visitor.click(page, '#wish');
    await visitor.drain(page);
  },

  async slow(visitor) {
    await breakCollector(visitor.context, [slow]);
    const page = await visitor.open();
    for (let n = 0; n < 3; n++) await visitor.click(page, '#wish');
    await visitor.drain(page);
  },

  async double_click(visitor) {
    const page = await visitor.open();
    await visitor.click(page, '#wish', { clickCount: 2 });
    await visitor.drain(page);
  },

  async double_submit(visitor) {
    const page = await visitor.open('checkout.html');
    await page.dblclick('#buy');
    await visitor.drain(page);
  },

  async bfcache(visitor) {
    const page = await visitor.open();
    await visitor.drain(page);
    await page.evaluate(() => addEventListener('pageshow', (event) => (window.isRestored = event.persisted)));
    await visitor.click(page, '[data-track=select_item]');
    await page.waitForURL('**/product.html?id=cup');
    visitor.saw('product.html?id=cup');
    await visitor.drain(page);
    await page.evaluate(() => history.back());
    await until(() => page.evaluate(() => window.isRestored).catch(() => false), 'the page is restored');
    visitor.saw('index.html');
    await visitor.click(page, '#wish');
    await visitor.drain(page);
  },

  async routes(visitor) {
    const page = await visitor.open('app.html');
    await visitor.click(page, 'text=Cups');
    visitor.saw('app.html?view=cups');
    await visitor.click(page, 'text=Pots');
    visitor.saw('app.html?view=pots');
    await page.evaluate(() => {
      history.pushState({ only: 'state' }, ''); // the same address
      history.replaceState(null, '', '#part');
      location.hash = 'other';
    });
    await page.evaluate(() => history.go(-3));
    await page.waitForURL('**/app.html?view=cups');
    visitor.saw('app.html?view=cups');
    await page.evaluate(() => history.replaceState(null, '', '?view=plates'));
    visitor.saw('app.html?view=plates');
    await visitor.drain(page);
  },

  async search(visitor) {
    const page = await visitor.open();
    await page.fill('[name=q]', 'blue cup 茶杯');
    await page.press('[name=q]', 'Enter');
    await page.waitForURL('**/search.html?q=*');
    visitor.saw(page.url().replace(visitor.address(''), ''));
    await visitor.drain(page);
  },

  async frame_without_storage(visitor) {
    const page = await visitor.context.newPage();
    await page.goto(visitor.address('shop.css'));
    await page.setContent(`<iframe sandbox="allow-scripts" src="${visitor.address('index.html')}"></iframe>`);
    const frame = page.frameLocator('iframe');
    visitor.saw('index.html');
    await visitor.click(frame, '#wish');
    const acknowledged = page.waitForResponse((answer) => answer.url().startsWith(collector) && answer.status() === 202);
    await visitor.click(frame, '#wish');
    await acknowledged;
    await pause(1500);
  },

  async old_browser(visitor) {
    await visitor.context.addInitScript(() => {
      delete window.fetch;
      delete window.AbortController;
      delete Navigator.prototype.sendBeacon;
      delete Navigator.prototype.locks;
    });
    const page = await visitor.open();
    await visitor.click(page, '#wish');
    await page.reload();
    visitor.saw('index.html');
    await visitor.click(page, '#wish');
    await visitor.drain(page);
  },

  ...privacy,

  async started_twice(visitor) {
    const page = await visitor.open();
    await page.evaluate((endpoint) => window.growthhouse.init({ endpoint }), `${collector}/api/track`);
    await visitor.click(page, '#wish');
    await visitor.drain(page);
  },

  async login(visitor) {
    const page = await visitor.open();
    await page.click('#login');
    await visitor.click(page, '#wish');
    await page.click('#logout');
    await visitor.click(page, '#wish');
    await visitor.drain(page);
  },

  async large(visitor) {
    const page = await visitor.open();
    await visitor.drain(page);
    await page.evaluate(() => {
      for (let n = 0; n < 60; n++) window.growthhouse.track('large', { n, text: '茶'.repeat(1000) });
    });
    await page.reload(); // 180 kB by beacons or by the next page
    visitor.saw('index.html');
    await visitor.drain(page);
  },
};

const only = process.env.SCENARIOS?.split(',');
const ledger = {};
async function run([name, scenario]) {
  const context = await browser.newContext();
  const visitor = new Visitor(name, context);
  try {
    await scenario(visitor);
  } catch (error) {
    visitor.facts.errors = [...(visitor.facts.errors || []), String(error)];
  }
  ledger[name] = { clicks: visitor.clicks, views: visitor.views, ...visitor.facts };
  await context.close();
}
const waiting = Object.entries(scenarios).filter(([name]) => !only || only.includes(name));
await Promise.all(Array.from({ length: 3 }, async () => {
  for (let next; (next = waiting.shift()); ) await run(next);
}));
await browser.close();
console.log(JSON.stringify(ledger, null, 1));
