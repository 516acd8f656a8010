/** The tracker's API, and what an event is made of. */
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
/** Start tracking. A second call does nothing. */
export declare function init(options: Options): void;
/** Track an event; GA4's recommended names are the ones that the warehouse knows. */
export declare function track(name: string, properties?: Properties): void;
/** Track a page view, where `pages` is false or an application has pages without addresses. */
export declare function page(properties?: Properties): void;
/** Say who the visitor is, from now on. */
export declare function identify(userId: string | number, traits?: Properties): void;
/** Forget who the visitor is, as after a logout: the next event is of somebody new. */
export declare function reset(): void;
/** Give or refuse consent; without an argument, ask: undefined is no answer yet. */
export declare function consent(isGiven?: boolean): boolean | undefined;
