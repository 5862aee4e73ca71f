/** Every state has an address: an area, the place in it, and what is looked at there as search parameters. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { areas } from './areas.ts';
import { Gate } from './shell/Gate.tsx';

const root = createRootRoute({ component: Gate });

const first = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: ({ location }) => {
    throw redirect({ to: `/${areas[0]!.name}` as string, hash: location.hash });
  },
});

const routes = areas.map(area =>
  createRoute({
    getParentRoute: () => root,
    path: `/${area.name}/$`,
    component: lazyRouteComponent(area.load),
  }),
);

export const router = createRouter({
  routeTree: root.addChildren([first, ...routes]),
  basepath: '/console',
  defaultPreload: 'intent',
});
