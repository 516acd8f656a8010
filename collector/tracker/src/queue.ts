/**
 * Events that wait for their acknowledgement, oldest first, as JSON texts. They are kept in localStorage, one key per
 * tab: a tab holds a lock of that name while it lives, and whoever gets the lock of a dead tab takes its events over.
 * Not here: when and how they are sent.
 */

import { mayStore, randomId } from './person';
import { keysOf, read, write } from './storage';

const PREFIX = 'growthhouse.queue.';
const MAX_EVENTS = 200;
const MAX_BYTES = 256_000;

const own = PREFIX + randomId();
let release: (() => void) | undefined;
/** Whether the events outlive the page. */
export let isStored = false;
export let waiting: readonly string[] = [];

export function sizeOf(text: string): number {
  return new Blob([text]).size;
}

/** Add an event. Where too many wait, the oldest go; gaps in `seq` show it. */
export function add(event: string): void {
  const events = [...waiting, event];
  while (events.length > 1 && isTooMuch(events)) events.shift();
  keep(events);
}

export function remove(events: readonly string[]): void {
  keep(waiting.filter((event) => !events.includes(event)));
}

/** Store what waits, or take it out of the storage where it may not be there any more. */
export function save(): void {
  isStored = mayStore() && write(own, waiting.join('\n'));
  if (!isStored) write(own, '');
}

export function removeAll(): void {
  waiting = [];
  for (const key of keysOf(PREFIX)) write(key, '');
}

/** Say that this tab lives. Without locks, an event may be sent by two tabs; its id counts it once. */
export function hold(): void {
  navigator.locks
    ?.request(own, () => new Promise<void>((resolve) => (release = resolve)))
    .catch(() => {});
}

/** Let others take the events over: the page ends, or is frozen, and a lock would keep it from being restored. */
export function letGo(): void {
  release?.();
}

/** The page is restored: of its events, those that nobody took over are still there. */
export function restore(): void {
  if (isStored) waiting = linesOf(own);
  hold();
}

/** Take over the events of tabs that are gone; `onFound` is told where there were some. */
export function adopt(onFound: () => void): void {
  if (!mayStore()) return;
  for (const key of keysOf(PREFIX)) {
    if (key === own) continue;
    const take = (): void => {
      const events = [...linesOf(key).filter((event) => !waiting.includes(event)), ...waiting];
      if (isTooMuch(events)) return; // they wait until there is room
      keep(events);
      if (isStored) write(key, '');
      onFound();
    };
    if (navigator.locks) {
      navigator.locks.request(key, { ifAvailable: true }, (lock) => lock && take()).catch(() => {});
    } else take();
  }
}

function keep(events: readonly string[]): void {
  waiting = events;
  save();
}

function isTooMuch(events: readonly string[]): boolean {
  return events.length > MAX_EVENTS || sizeOf(events.join('\n')) > MAX_BYTES;
}

function linesOf(key: string): string[] {
  return (read(key) || '').split('\n').filter(Boolean);
}
