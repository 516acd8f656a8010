// A visitor of the demo shop, with a ledger of what they did, and the faults of a collector. Scenarios are in drive.mjs.

const [shop, collector] = process.argv.slice(2);
const TRACK = `${collector}/api/track*`;
const CORS = { 'access-control-allow-origin': shop, 'access-control-allow-credentials': 'true' };
const WAIT_MS = 20_000;

/** A visitor with a browser of their own, whose pages carry the scenario in their addresses. */
export class Visitor {
  constructor(name, context) {
    Object.assign(this, { name, context, clicks: {}, views: {}, facts: {} });
  }

  async open(path = 'index.html', options = {}) {
    const page = await this.context.newPage();
    page.on('pageerror', (error) => (this.facts.errors ??= []).push(String(error)));
    await page.goto(this.address(path), { waitUntil: 'load', ...options });
    this.saw(path);
    return page;
  }

  address(path) {
    return `${shop}/${this.name}/${path}`;
  }

  saw(path) {
    this.views[path] = (this.views[path] || 0) + 1;
  }

  /** Click an element that has a name of its own in the ledger. */
  async click(page, selector, options = {}) {
    const name = `${this.name}-${Object.keys(this.clicks).length + 1}`;
    this.clicks[name] = options.clickCount || 1;
    const element = page.locator(selector).first();
    await element.evaluate((found, value) => (found.dataset.trackClick = value), name);
    await element.click({ noWaitAfter: true, ...options });
  }

  /** Until nothing waits in the browser any more. */
  async drain(page) {
    await page.waitForFunction(
      () => !Object.keys(localStorage).some((key) => key.startsWith('growthhouse.queue.')), null, { timeout: WAIT_MS });
  }
}

export async function until(condition, what) {
  for (const end = Date.now() + WAIT_MS; !(await condition()); ) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Answer the next requests to the collector with faults, one each; those after the last go through. */
export async function breakCollector(target, faults) {
  const seen = [];
  await target.route(TRACK, async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    seen.push(Date.now());
    const fault = faults.shift();
    if (!fault) await route.continue().catch(() => {});
    else await fault(route).catch(() => {}); // the page may be gone
  });
  return seen;
}

export const unavailable = (route) => route.fulfill({
  status: 503, headers: { ...CORS, 'retry-after': '2', 'access-control-expose-headers': 'retry-after' } });
export const unreachable = (route) => route.abort('connectionrefused');
export const loginPage = (route) => route.fulfill({ status: 200, headers: CORS, body: '<html>Log in to the network</html>' });
export const slow = async (route) => { await pause(2500); await route.continue(); };
export const answerLost = async (route) => { await route.fetch(); await route.abort('connectionreset'); };
