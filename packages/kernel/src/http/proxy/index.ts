export { type ForwardOptions, fieldsWithOrigin } from './headers.ts';
export { type ProxyOptions, proxyTo, type ReverseProxy } from './proxy.ts';
export { refuseUpgrade, tunnelTo } from './tunnel.ts';
