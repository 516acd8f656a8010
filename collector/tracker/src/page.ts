/** What a page does by itself: page views, clicks, search, time on page. Not here: how an event is made or sent. */

import type { Properties } from './index';

type Emit = (name: string, properties?: Properties, at?: number) => void;

export interface Automatic {
  pages: boolean;
  clicks: boolean;
  engagement: boolean;
  /** Names of the query parameter that holds the words of a search; none: searches are not tracked. */
  search: readonly string[];
}

const IDLE_MS = 60_000; // without any input, nobody is reading
const INPUTS = ['pointerdown', 'pointermove', 'keydown', 'scroll', 'wheel', 'touchstart'];

let emit: Emit = () => {};
let options: Automatic;
let words = '';
let startedAt = 0; // 0: nobody is looking
let lastInput = 0;

/** The page as an event tells it. */
export const page = { url: '', path: '', referrer: '' };

export function startPage(given: Automatic, emitter: Emit): void {
  options = given;
  emit = emitter;
  moveTo(document.referrer);
  if (options.pages) {
    for (const name of ['pushState', 'replaceState'] as const) {
      const original = history[name];
      history[name] = function (...change: Parameters<History['pushState']>) {
        original.apply(this, change);
        onRoute();
      };
    }
    addEventListener('popstate', onRoute);
    viewPage();
  }
  if (options.clicks) {
    for (const type of ['click', 'auxclick', 'submit']) document.addEventListener(type, onClick, true);
  }
  for (const type of INPUTS) addEventListener(type, onInput, { capture: true, passive: true });
  resume();
}

/** A page view; of a page that says so itself, with properties of its own. */
export function viewPage(properties?: Properties): void {
  emit('page_view', properties);
  const query = new URLSearchParams(location.search);
  const found = options.search.map((name) => (query.get(name) || '').trim()).find(Boolean) || '';
  if (found && found !== words) emit('search', { query: found });
  words = found;
}

/** Somebody looks at the page. */
export function resume(): void {
  if (document.visibilityState === 'hidden') return;
  lastInput = Date.now();
  startedAt ||= lastInput;
}

/** Nobody does any more. Its time is that of the last sign of somebody, so that it begins no session of its own. */
export function pause(): void {
  const end = Math.min(Date.now(), lastInput + IDLE_MS);
  const seconds = Math.round((end - startedAt) / 100) / 10;
  if (options.engagement && startedAt && seconds >= 1) emit('user_engagement', { duration: seconds }, end);
  startedAt = 0;
}

/** The browser shows a page as it was left: it is viewed again, but nobody was referred to it again. */
export function showAgain(): void {
  moveTo('');
  if (options.pages) emit('page_view');
  resume();
}

function moveTo(referrer: string): void {
  Object.assign(page, { url: location.href, path: location.pathname, referrer });
}

/** A route of a single-page application is another page where path or query differ. */
function onRoute(): void {
  const before = new URL(page.url);
  if (before.pathname + before.search === location.pathname + location.search) return;
  pause();
  moveTo(page.url);
  viewPage();
  resume();
}

function onInput(): void {
  if (Date.now() > lastInput + IDLE_MS) pause();
  resume();
}

function onClick(event: Event): void {
  const target = event.composedPath()[0];
  const element = target instanceof Element ? target.closest<HTMLElement>('[data-track]') : null;
  if (!element || (element.tagName === 'FORM') !== (event.type === 'submit')) return;
  if (event.type === 'auxclick' && (event as MouseEvent).button !== 1) return; // 1: the middle, opens a tab
  const properties: Properties = {};
  for (const [name, value] of Object.entries(element.dataset)) {
    if (/^track[A-Z]/.test(name)) properties[name.charAt(5).toLowerCase() + name.slice(6)] = value;
  }
  emit(element.dataset.track || event.type, properties);
}
