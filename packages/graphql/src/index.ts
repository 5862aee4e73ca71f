export type { GraphqlConfig } from './config/types.ts';
export {
  type GraphqlDeps,
  type GraphqlService,
  type GraphqlServiceConfig,
  graphqlService,
} from './service.ts';
