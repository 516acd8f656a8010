/** The tracker's API, and what an event is made of. */

import * as person from './person';
import * as queue from './queue';
import * as sender from './sender';
import { page as current, pause, resume, showAgain, startPage, viewPage } from './page';

export type Properties = Record<string, unknown>;

export interface Options {
  /** Where the collector takes events, such as https://events.shop.example/api/track */
  endpoint: string;
  /** The write key of the source; a collector without keys needs none. */
  key?: string;
  /** `required`: nothing is stored or sent before `consent(true)`. */
  consent?: 'required' | 'none';
  /** Send nothing where the browser says Do Not Track. Global Privacy Control is obeyed in any case. */
  doNotTrack?: boolean;
  /** The collector keeps the anonymous id in a cookie (its `id_cookie`), which outlives what a page can store. */
  cookie?: boolean;
  /** Page views, also of the routes of a single-page application. Default: true. */
  pages?: boolean;
  /** Clicks on elements with `data-track`. Default: true. */
  clicks?: boolean;
  /** Time on page, as `user_engagement`. Default: true. */
  engagement?: boolean;
  /** Query parameters that hold the words of a search. Default: q, query, s, search, keyword. */
  search?: readonly string[];
}

const SEARCH = ['q', 'query', 's', 'search', 'keyword'];

let isStarted = false;
let isInitialised = false;
let isOff = false;
let seq = 0;
let early: (() => void)[] = []; // calls before the page is shown, or before init
const pageId = person.randomId();

/** Start tracking. A second call does nothing. */
export function init(options: Options): void {
  if (isInitialised) return;
  isInitialised = true;
  isOff = !!options.doNotTrack && navigator.doNotTrack === '1';
  if (options.consent === 'required') person.requireConsent();
  const { key, cookie = false } = options;
  if (cookie) person.useCookie();
  // In the address, since a header of its own would ask for a preflight.
  sender.sendTo(options.endpoint + (key ? `?key=${encodeURIComponent(key)}` : ''), cookie);
  // What the browser prepares and nobody sees is no page view.
  if ((document as { prerendering?: boolean }).prerendering) {
    document.addEventListener('prerenderingchange', () => start(options), { once: true });
  } else start(options);
}

/** Track an event; GA4's recommended names are the ones that the warehouse knows. */
export function track(name: string, properties?: Properties): void {
  whenStarted(() => emit(name, properties));
}

/** Track a page view, where `pages` is false or an application has pages without addresses. */
export function page(properties?: Properties): void {
  whenStarted(() => viewPage(properties));
}

/** Say who the visitor is, from now on. */
export function identify(userId: string | number, traits?: Properties): void {
  whenStarted(() => {
    if (person.isPrivate()) return;
    if (person.setUser(String(userId)) || traits) emit('identify', traits && { traits });
  });
}

/** Forget who the visitor is, as after a logout: the next event is of somebody new. */
export function reset(): void {
  whenStarted(person.forgetPerson);
}

/** Give or refuse consent; without an argument, ask: undefined is no answer yet. */
export function consent(isGiven?: boolean): boolean | undefined {
  if (isGiven !== undefined) {
    person.answerConsent(isGiven);
    if (!isGiven) queue.removeAll();
    else if (isStarted) {
      queue.save();
      sender.sendNow();
    }
  }
  return person.consentGiven();
}

function whenStarted(call: () => void): void {
  if (isStarted) call();
  else early.push(call);
}

function start(options: Options): void {
  isStarted = true;
  const { pages = true, clicks = true, engagement = true, search = SEARCH } = options;
  queue.hold();
  startPage({ pages, clicks, engagement, search }, emit);
  for (const call of early) call();
  early = [];
  adopt();
  setInterval(adopt, 5000); // a page that was just left may still have its lock
  addEventListener('online', sender.sendNow);
  addEventListener('pageshow', (event) => {
    if (!event.persisted) return;
    queue.restore();
    showAgain();
  });
  addEventListener('pagehide', () => {
    leave();
    queue.letGo();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') leave();
    else {
      resume();
      adopt();
    }
  });
}

function leave(): void {
  pause();
  sender.sendLast();
}

function adopt(): void {
  if (!isOff) queue.adopt(sender.sendSoon);
}

function emit(event: string, properties?: Properties, at: number = Date.now()): void {
  if (isOff || person.consentGiven() === false) return;
  seq += 1;
  // Ids of a page are in the order of its events. With Global Privacy Control nothing connects them.
  const eventId = person.isPrivate() ? person.randomId() : `${pageId}-${seq.toString(36).padStart(4, '0')}`;
  const userId = person.userId();
  queue.add(
    JSON.stringify({
      event,
      timestamp: new Date(at).toISOString(),
      eventId,
      anonymousId: person.anonymousId(),
      userId,
      seq,
      context: { page: current },
      properties,
    }),
  );
  sender.sendSoon();
}
