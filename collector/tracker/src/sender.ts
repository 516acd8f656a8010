/**
 * Sends what waits, one request after the other: an event leaves the queue when a 202 says that it is on disk, or when
 * the collector will never take it. Not here: the queue itself, and what is in an event.
 */

import { consentGiven, learnId } from './person';
import { isStored, remove, sizeOf, waiting } from './queue';

const MAX_BODY = 60_000; // browsers send 64 KiB after the page has ended
const BETWEEN_MS = 1000;
const TIMEOUT_MS = 30_000;
const MAX_PAUSE_MS = 300_000;
const TEXT = { type: 'text/plain;charset=UTF-8' }; // asks for no preflight
const NEVER = [400, 413, 415]; // it would be refused again

let address = '';
let hasCookie = false;
let maxEvents = 50;
let sending: readonly string[] = [];
let nextAt = 0;
let nFailures = 0;
let isAnswering = false; // the last answer was a 202
let timer: ReturnType<typeof setTimeout> | undefined;
const entrusted = new Set<string>(); // to a beacon, without an answer

export function sendTo(url: string, withCookie: boolean): void {
  address = url;
  hasCookie = withCookie;
}

/** Send soon: events of a second share a request. */
export function sendSoon(): void {
  clearTimeout(timer);
  if (!sending.length && waiting.length) timer = setTimeout(send, Math.max(0, nextAt - Date.now()));
}

/** Try again now, since the network is back. */
export function sendNow(): void {
  nextAt = 0;
  sendSoon();
}

/**
 * The page ends, or may end. A beacon has no answer: what it takes leaves the queue only where the collector has just
 * been answering; else it is sent again, by this page or the next, with the same id.
 */
export function sendLast(): void {
  if (!consentGiven() || (nFailures && isStored)) return;
  if (!navigator.sendBeacon) return send();
  const isSafe = isAnswering && navigator.onLine !== false;
  for (;;) {
    const [body, events] = nextBatch(waiting.filter((event) => !sending.includes(event) && !entrusted.has(event)));
    if (!events.length || sizeOf(body) > MAX_BODY || !navigator.sendBeacon(address, new Blob([body], TEXT))) return;
    if (isSafe) remove(events);
    else for (const event of events) entrusted.add(event);
  }
}

function send(): void {
  clearTimeout(timer);
  if (sending.length || !consentGiven()) return;
  const [body, events] = nextBatch(waiting);
  if (!events.length) return;
  sending = events;
  post(body, (status, text, retryAfter) => {
    sending = [];
    const now = Date.now();
    isAnswering = status === 202;
    if (isAnswering && hasCookie) learnId(/"anonymousId":"([^"]+)"/.exec(text)?.[1]);
    if (status === 413 && events.length > 1) {
      maxEvents = events.length >> 1;
    } else if (isAnswering || NEVER.includes(status)) {
      remove(events);
      nFailures = 0;
      nextAt = now + BETWEEN_MS;
    } else {
      const pause = Math.min(BETWEEN_MS * 2 ** nFailures++, MAX_PAUSE_MS) * (0.5 + Math.random() / 2);
      nextAt = now + Math.max(pause, (Number(retryAfter) || 0) * 1000);
    }
    sendSoon();
  });
}

/** The first events that fit into one body, at least one. */
function nextBatch(from: readonly string[]): [body: string, events: readonly string[]] {
  const about = `{"sentAt":"${new Date().toISOString()}","batch":[`;
  let n = 0;
  for (let size = about.length + 2; n < from.length && n < maxEvents; n++) {
    size += sizeOf(from[n]!) + 1;
    if (n && size > MAX_BODY) break;
  }
  const events = from.slice(0, n);
  return [`${about}${events.join(',')}]}`, events];
}

/** Status 0: there was no answer. */
function post(body: string, done: (status: number, text: string, retryAfter?: string | null) => void): void {
  if (typeof fetch === 'function') {
    const abort = typeof AbortController === 'function' ? new AbortController() : undefined;
    const timeout = setTimeout(() => abort?.abort(), TIMEOUT_MS);
    const keepalive = sizeOf(body) <= MAX_BODY;
    const options: RequestInit = { method: 'POST', body, keepalive, headers: { 'Content-Type': TEXT.type } };
    if (abort) options.signal = abort.signal;
    if (hasCookie) options.credentials = 'include';
    fetch(address, options)
      // Left unread, an answer would use up what may be sent with keepalive.
      .then((answer) => answer.text().then((text) => ({ answer, text })))
      .then(
        ({ answer, text }) => done(answer.status, text, answer.headers.get('retry-after')),
        () => done(0, ''),
      )
      .then(() => clearTimeout(timeout));
    return;
  }
  const request = new XMLHttpRequest();
  request.open('POST', address);
  request.timeout = TIMEOUT_MS;
  request.setRequestHeader('Content-Type', TEXT.type);
  request.withCredentials = hasCookie;
  request.onloadend = () => {
    const { status, responseText } = request;
    done(status, responseText, status ? request.getResponseHeader('retry-after') : null);
  };
  request.send(body);
}
