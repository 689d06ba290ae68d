import { EXTRACTION_EVENTS } from '../formats/extraction-events.js';
import { compileSchema, readSchema, type SchemaFault, stepsOf } from '../schemas.js';

const FAULTS_SHOWN = 20;

/** @returns what is wrong with an event, one fault a line, for a person; nothing where all is as it should be. */
export type EventCheck = (event: { readonly event: string; readonly result: unknown }) => readonly string[];

/** The checks of protocol section 3, step 7, and section 4. Compiled at start: one that does not compile stops the start. */
export function loadEventSchemas(): EventCheck {
  const envelope = compileSchema(readSchema('event.schema.json'));
  const refs = [readSchema('extraction-file.schema.json')];
  const known = new Map(
    EXTRACTION_EVENTS.map((name) => [name, compileSchema(readSchema(`${name}.schema.json`), { refs })]),
  );
  return (event) => describeFaults((known.get(event.event) ?? envelope)(event));
}

/** Faults as a person reads them, the place first. */
export function describeFaults(faults: readonly SchemaFault[]): readonly string[] {
  const lines = faults
    // Says only that "then" was missed; what was missed stands beside it.
    .filter((fault) => fault.keyword !== 'if')
    .map((fault) => `${fault.path === '' ? 'the event' : placeOf(fault.path)} ${fault.message}`);
  const shown = [...new Set(lines)].slice(0, FAULTS_SHOWN);
  return faults.length > 0 && shown.length === 0 ? ['the event does not satisfy its schema'] : shown;
}

/** `/result/0/extractionId` as `result[0].extractionId`. */
function placeOf(pointer: string): string {
  return stepsOf(pointer)
    .map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}
