import type { SourceConfig } from '../config/config.js';
import { EVENTS_WITH_RESULT } from '../formats/extraction-events.js';
import { compileSchema, type SchemaCheck, type SchemaFault } from '../schemas.js';
import { describeFaults, type EventCheck } from './event-schemas.js';

/** As many as are told of one event. */
const FAULTS_WANTED = 20;

/**
 * Compiles a source's contracts, which are for the user's own fields: for the results of an event's files.
 *
 * @returns null where there are none
 * @throws {ShimError} where a schema does not compile
 */
export function createContracts(contracts: SourceConfig['contracts']): EventCheck | null {
  if (contracts.length === 0) return null;
  const checks = new Map<unknown, SchemaCheck>(
    contracts.map(({ extractionId, schema }) => [extractionId, compileSchema(schema)]),
  );
  return ({ event, result }) => {
    if (!EVENTS_WITH_RESULT.includes(event) || !Array.isArray(result)) return [];
    const faults: SchemaFault[] = [];
    for (const [index, file] of result.entries()) {
      faults.push(...faultsOf(file, index, checks));
      if (faults.length >= FAULTS_WANTED) break;
    }
    return describeFaults(faults);
  };
}

function faultsOf(
  file: unknown,
  index: number,
  checks: ReadonlyMap<unknown, SchemaCheck>,
): readonly SchemaFault[] {
  if (typeof file !== 'object' || file === null || !('extractionId' in file)) return [];
  const check = checks.get(file.extractionId);
  if (check === undefined) return [];
  // Of an upload of several files, some may have failed.
  if ('status' in file && file.status === 'failed') return [];
  const fields = 'result' in file ? file.result : undefined;
  return check(fields).map((fault) => ({ ...fault, path: `/result/${index}/result${fault.path}` }));
}
