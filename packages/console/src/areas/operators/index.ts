/** Who may sign in, and what was done by whom. */
import * as v from 'valibot';
import { route } from '../../api/route.ts';
import { ROLES } from '../../operators/roles.ts';
import { Refusal } from '../../refusal.ts';
import { FIRST_OPERATOR } from '../../session/signIn.ts';

const Name = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._@-]{0,62}$/i));

export const operatorRoutes = {
  'operators/list': route('administer', v.object({}), async ({ operators }) => operators.list()),

  'operators/put': route(
    'administer',
    v.object({
      name: Name,
      role: v.picklist(ROLES),
      password: v.pipe(v.string(), v.minLength(12), v.maxLength(1024)),
    }),
    async (call, { name, role, password }) => {
      if (name === FIRST_OPERATOR.name)
        throw new Refusal(
          'input',
          `${name} is whoever comes with the stack’s own secret`,
          'Choose another name.',
        );
      call.note({ statement: `operator ${name} as ${role}` });
      await call.operators.put(name, role, password);
      call.sessions.endOf(name);
    },
  ),

  'operators/remove': route('administer', v.object({ name: Name }), async (call, { name }) => {
    call.note({ statement: `operator ${name} removed` });
    if (!call.operators.remove(name)) throw new Refusal('unknown', `There is no operator ${name}`);
    call.sessions.endOf(name);
  }),

  'audit/find': route(
    'administer',
    v.object({
      search: v.optional(v.string(), ''),
      limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)), 200),
    }),
    async ({ audit }, { search, limit }) => await audit.find(search, limit),
  ),
} as const;
