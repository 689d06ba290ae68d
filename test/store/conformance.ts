import { afterEach, beforeEach, describe } from 'vitest';
import type { Store } from '../../src/store/store.js';
import { backlogRules } from './conformance/backlogs.js';
import { basisRules } from './conformance/basis.js';
import { conversionRules } from './conformance/conversions.js';
import { deliveryRules } from './conformance/deliveries.js';
import { duplicateRules } from './conformance/duplicates.js';
import { fieldRules } from './conformance/fields.js';
import { holdRules } from './conformance/holds.js';
import { latestAcceptedRules } from './conformance/latest-accepted.js';
import { ledgerRules } from './conformance/ledger.js';
import { listRules } from './conformance/lists.js';
import { modeRules } from './conformance/modes.js';
import { orderRules } from './conformance/order.js';
import { overviewRules } from './conformance/overview.js';
import { pruneRules } from './conformance/prune.js';
import { rateRules } from './conformance/rate.js';
import { refusedRules } from './conformance/refused.js';
import { replayRules } from './conformance/replay.js';
import { transactionRules } from './conformance/transactions.js';
import { webhookRules } from './conformance/webhooks.js';

/** One store, empty at first. */
export interface Subject {
  readonly store: Store;
  /** Closes it and opens the same data again, as a restart does. The `store` from before is not used any more. */
  reopen(): Promise<Store>;
  /** Another store on the same data, as another process has it; closed with the test. */
  beside(): Promise<Store>;
  /** Removes all of it. */
  dispose(): Promise<void>;
}

/** What the tests of a rule get: the store of the test that runs, and a way to restart it. */
export interface Given {
  readonly store: Store;
  reopen(): Promise<Store>;
  beside(): Promise<Store>;
}

/** The contract's second half: every backend passes this, whatever it is made of. */
export function describeStore(name: string, open: () => Promise<Subject>): void {
  describe(name, () => {
    let subject: Subject | undefined;
    const current = (): Subject => {
      if (!subject) throw new Error('there is a store only while a test runs');
      return subject;
    };
    const given: Given = {
      get store() {
        return current().store;
      },
      reopen: () => current().reopen(),
      beside: () => current().beside(),
    };
    beforeEach(async () => {
      subject = await open();
    });
    afterEach(async () => {
      await subject?.dispose();
      subject = undefined;
    });
    webhookRules(given);
    conversionRules(given);
    duplicateRules(given);
    deliveryRules(given);
    modeRules(given);
    holdRules(given);
    rateRules(given);
    orderRules(given);
    backlogRules(given);
    fieldRules(given);
    latestAcceptedRules(given);
    basisRules(given);
    listRules(given);
    ledgerRules(given);
    overviewRules(given);
    refusedRules(given);
    replayRules(given);
    pruneRules(given);
    transactionRules(given);
  });
}
