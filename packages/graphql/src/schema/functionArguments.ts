/** `args`: an input object of a function's arguments. */
import type { FunctionFacts } from '../catalog/functions.ts';
import type { Identifier } from '../model/naming.ts';
import { type FunctionModel, showTable } from '../model/types.ts';
import type { SchemaContext } from './context.ts';
import { byName, inputField } from './inputField.ts';
import { scalarRef } from './scalars.ts';
import { type InputFieldDef, named } from './types.ts';

export interface FunctionArgumentsOptions {
  readonly description: string;
  /** Positions that the server fills. */
  readonly skip: readonly number[];
  /** The type is called `…_args`. */
  readonly id: Identifier;
}

/** The argument `args`, or none where there is nothing to give. */
export function functionArguments(
  context: SchemaContext,
  facts: FunctionFacts,
  options: FunctionArgumentsOptions,
): InputFieldDef[] {
  const { naming } = context.source;
  const firstDefault = facts.arguments.length - facts.defaults;
  const given = facts.arguments.flatMap((argument, index) =>
    options.skip.includes(index) ? [] : [{ argument, index, isOptional: index >= firstDefault }],
  );
  if (given.length === 0) return [];
  const typeName = naming.type(options.id, 'args');
  context.types.define(typeName, () => {
    let unnamed = 0;
    return {
      kind: 'input',
      name: typeName,
      description: null,
      fields: byName(
        given.map(({ argument, index }) => {
          const name = argument.name === null ? `arg_${++unnamed}` : naming.field(argument.name);
          // An argument may be null, and one without a value is null unless it has a default.
          return inputField(
            name,
            scalarRef(context, argument.scalar),
            { kind: 'functionArgument', index },
            { takesNull: true },
          );
        }),
      ),
    };
  });
  const isRequired = given.some(({ isOptional }) => !isOptional);
  return [
    inputField(
      'args',
      named(typeName, isRequired),
      { kind: 'argument' },
      { description: options.description },
    ),
  ];
}

/** Those of a tracked function: the session is not the client's to give. */
export function functionArgumentsOf(context: SchemaContext, fn: FunctionModel): InputFieldDef[] {
  return functionArguments(context, fn.facts, {
    description: `input parameters for function "${showTable(fn.name)}"`,
    skip: fn.sessionArgument === null ? [] : [fn.sessionArgument],
    id: fn.id,
  });
}
