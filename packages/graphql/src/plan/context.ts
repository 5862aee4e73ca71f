import type { RoleView } from '../model/permissions.ts';
import type { Model, SourceModel } from '../model/types.ts';

/** What planners look up, and for whom. */
export interface PlanContext {
  readonly model: Model;
  readonly source: SourceModel;
  readonly view: RoleView;
  readonly stringifyNumericTypes: boolean;
  readonly maxAnswerBytes: number;
  /** Told of the value of a variable that stands in the statement itself. */
  readonly onStructural: (path: readonly (string | number)[]) => void;
}
