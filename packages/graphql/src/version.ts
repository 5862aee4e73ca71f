/** The version of the reference whose contract is served: clients and its CLI look at it. */
export const hasuraVersion = 'v2.48.6';
