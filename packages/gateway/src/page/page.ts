/** The start page: what runs, how it is, where it answers. Self-contained HTML without scripts. Pure. */
import { createHash } from 'node:crypto';
import type { HttpResponse } from '@peakstone/kernel/http';
import type { ServiceHealth } from '../health.ts';
import { publicRoute, type Route } from '../routes.ts';
import { type Html, html, raw } from './html.ts';
import { STYLE } from './style.ts';

const styleHash = createHash('sha256').update(STYLE).digest('base64');

/** Nothing may load, run, frame or submit; the one style is named by its hash. */
const POLICY = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** Who reads the page, and from where. */
export interface PageView {
  /** Where the reader reached the page: `http://127.0.0.1:8000`. */
  readonly origin: string;
  /** Shows addresses behind the gateway as well: for those who run the stack. */
  readonly addresses: boolean;
  /** How the product's command is called where the stack was started; absent where that is not known. */
  readonly command?: string | undefined;
}

export function pageResponse(
  services: readonly ServiceHealth[],
  routes: readonly Route[],
  view: PageView,
): HttpResponse {
  return {
    status: 200,
    headers: [
      'Content-Type',
      'text/html; charset=utf-8',
      'Content-Security-Policy',
      POLICY,
      'Referrer-Policy',
      'no-referrer',
      'Cache-Control',
      'no-store',
      'Vary',
      'Accept',
    ],
    body: renderPage(services, routes, view),
  };
}

function renderPage(
  services: readonly ServiceHealth[],
  routes: readonly Route[],
  { origin, addresses, command }: PageView,
): string {
  const down = services.filter(({ health }) => !health.ok).length;
  const cards = services.map(({ service, health }) =>
    card(service.title ?? service.name, service.contract, health.ok, links(service, routes, addresses)),
  );
  const first = routes.find(route => route.public && route.firstRequest && route.paths.length > 0);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>PeakStone</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<main>
<header>
${LOGO}
<div><h1>PeakStone</h1><p>Your backend, on one address.</p></div>
${down === 0 ? state(true, 'Everything runs') : state(false, down === 1 ? '1 service is down' : `${down} services are down`)}
</header>
${cards.length > 0 ? html`<ul class="services">${cards}</ul>` : html`<p class="empty">No service is routed yet.</p>`}
${first === undefined ? '' : firstRequest(origin, first.paths[0]!, command)}
<footer><a href="/healthz">Health as JSON</a><span>Programs get this page as JSON too: <code>Accept: application/json</code></span></footer>
</main>
</body>
</html>
`;
  return page.text;
}

function card(title: string, contract: string | undefined, ok: boolean, rows: readonly Html[]): Html {
  return html`<li>
<div class="top"><h3>${title}</h3>${state(ok, ok ? 'Runs' : 'Down')}</div>
${contract === undefined ? '' : html`<p class="contract">${contract}</p>`}
${rows.length === 0 ? '' : html`<dl>${rows}</dl>`}
</li>`;
}

function links(
  service: ServiceHealth['service'],
  routes: readonly Route[],
  addresses: boolean,
): readonly Html[] {
  const route = publicRoute(routes, service);
  const rows: Html[] = [];
  for (const path of route?.paths ?? [])
    rows.push(row('Path', html`<a href="${path}${route?.stripPrefix ? '/' : ''}">${path}</a>`));
  if (route?.host) rows.push(row('Host', html`<a href="https://${route.host}/">${route.host}</a>`));
  if (addresses && service.address !== undefined) {
    const isWeb = /^https?:\/\//.test(service.address);
    rows.push(
      row(
        'Direct',
        isWeb
          ? html`<a href="${service.address}">${service.address}</a>`
          : html`<code>${service.address}</code>`,
      ),
    );
  }
  return rows;
}

function row(name: string, value: Html): Html {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

function state(ok: boolean, text: string): Html {
  return html`<span class="state ${ok ? 'good' : 'bad'}">${text}</span>`;
}

/** Works as it stands, copied to a shell in the project's folder: visitors need no key, and the address is the one of this page. */
function firstRequest(origin: string, path: string, command: string | undefined): Html {
  return html`<h2>A first request</h2>
<pre><code># what visitors may see of the API: tables, views and functions
curl '${origin}${path}/'${command === undefined ? '' : withKey(origin, path, command)}</code></pre>
<p>Rows of a table: <code>${path}/TABLE?limit=10</code>. As a signed-in user: <code>-H "Authorization: Bearer TOKEN"</code>, with the token of your login${command === undefined ? '' : html`, or one from <code>${command} secrets jwt --role app_user --sub ID</code>`}.</p>`;
}

function withKey(origin: string, path: string, command: string): Html {
  return html`

# the same with the anon key, as supabase-js sends it; the command prints the key
curl '${origin}${path}/' -H "apikey: $(${command} secrets jwt anon)"`;
}

const LOGO = raw(
  '<svg viewBox="0 0 48 48" fill="none" aria-hidden="true"><path d="M3 41 19 10l7 13 5-8 14 26z" fill="currentColor" opacity=".22"/><path d="M3 41 19 10l7 13 5-8 14 26z" stroke="currentColor" stroke-width="2.5" stroke-linejoin="round"/><path d="m13.500 21 5.500 4 5-5" stroke="currentColor" stroke-width="2.500" stroke-linejoin="round" stroke-linecap="round"/></svg>',
);
