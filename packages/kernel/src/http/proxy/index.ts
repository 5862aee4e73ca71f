export { type ProxyOptions, proxyTo, type ReverseProxy } from './proxy.ts';
export { refuseUpgrade, tunnelTo } from './tunnel.ts';
