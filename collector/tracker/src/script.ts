/** The script tag: options from its attributes, and `window.growthhouse`. Calls made before it loaded are repeated. */

import * as api from './index';

type Call = [name: keyof typeof api, ...values: unknown[]];

const scope = window as unknown as { growthhouse?: Call[] | object };
const earlier = scope.growthhouse;

if (!earlier || Array.isArray(earlier)) {
  const push = ([name, ...values]: Call): void => (api[name] as (...values: unknown[]) => void)(...values);
  scope.growthhouse = { ...api, push };
  const script = document.currentScript as HTMLScriptElement | null;
  if (script) {
    const { key, endpoint, consent, cookie, doNotTrack, pages, clicks, engagement, search } = script.dataset;
    api.init({
      endpoint: new URL(endpoint || '/api/track', script.src).href,
      ...(key && { key }),
      consent: consent === 'required' ? consent : 'none',
      cookie: cookie !== undefined,
      doNotTrack: doNotTrack !== undefined,
      pages: pages !== 'off',
      clicks: clicks !== 'off',
      engagement: engagement !== 'off',
      ...(search !== undefined && { search: search.split(',') }),
    });
  }
  earlier?.forEach(push);
}
