import { splitterVersion } from '@peakstone/migrate';
import { stackVersion } from '../../definition.ts';

/** Who a history says applied a migration, and by which rules its statements were cut. */
export const operatorVersion = `PeakStone ${stackVersion}, statements ${splitterVersion}`;
