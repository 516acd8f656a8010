/** Who the visitor is, and whether that may be kept: ids, consent, Global Privacy Control. Not here: events. */

import { read, write } from './storage';

/** As it is stored: the anonymous id, the user id, and the answer to the question for consent. */
interface Person {
  a?: string;
  u?: string;
  c?: 0 | 1;
}

const KEY = 'growthhouse';

let held: Person = {};
let isAsked = false;
let isGiven = false; // the anonymous id is the collector's to give

/** Say that nothing may be stored or sent before consent is given. */
export function requireConsent(): void {
  isAsked = true;
}

/** Take the anonymous id from the collector, which keeps it in a cookie. */
export function useCookie(): void {
  isGiven = true;
}

/** The id in the cookie, as the collector answers it. */
export function learnId(id: string | undefined): void {
  if (!id || isPrivate() || current().a) return;
  held = { ...held, a: id };
  store();
}

/** The browser says that its person does not want to be followed: no ids, and nothing is stored. */
export function isPrivate(): boolean {
  return !!(navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl;
}

/** Given, refused, or (undefined) not answered yet. */
export function consentGiven(): boolean | undefined {
  const answer = current().c;
  return answer === undefined ? !isAsked || undefined : answer === 1;
}

export function mayStore(): boolean {
  return !isPrivate() && consentGiven() === true;
}

/** Keep the answer. Of who refuses, nothing else is kept. */
export function answerConsent(isGiven: boolean): void {
  held = isGiven ? { ...current(), c: 1 } : { c: 0 };
  store();
}

/** Undefined where the collector is to fill it in. */
export function anonymousId(): string | undefined {
  const { a = isGiven && !isPrivate() ? undefined : randomId() } = current();
  if (!a) return a;
  if (held.a !== a || !read(KEY)) {
    held = { ...held, a };
    store();
  }
  return a;
}

export function userId(): string | undefined {
  return isPrivate() ? undefined : current().u;
}

/** Whether it is another user than before. */
export function setUser(id: string): boolean {
  if (userId() === id) return false;
  held = { ...held, u: id };
  store();
  return true;
}

/** The next event is of somebody new. */
export function forgetPerson(): void {
  const { c } = current();
  held = c === 0 ? { c } : { a: randomId(), ...(c && { c }) };
  store();
}

export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte + 256).toString(16).slice(1)).join('');
}

/** What is stored counts, as another tab may have changed it. */
function current(): Person {
  if (!isPrivate()) {
    try {
      held = (JSON.parse(read(KEY)!) as Person | null) || held;
    } catch {
      // not ours: it is written over
    }
  }
  return held;
}

function store(): void {
  if (!isPrivate() && (held.c !== undefined || !isAsked)) write(KEY, JSON.stringify(held));
}
