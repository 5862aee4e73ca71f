/** The areas' calls, one table. A service to come brings its own by a folder and a line here. */
import type { Routes } from '../api/route.ts';
import { dataRoutes } from './data/index.ts';
import { operatorRoutes } from './operators/index.ts';
import { sqlRoutes } from './sql/index.ts';

export const routes = { ...dataRoutes, ...sqlRoutes, ...operatorRoutes } as const satisfies Routes;

/** For the web app, which takes types alone. */
export type Api = typeof routes;
