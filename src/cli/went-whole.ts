import type { Config, DestinationConfig } from '../config/config.js';
import { takesByName } from '../convert/route.js';
import type { ReplayableEvent } from '../store/rows.js';

/**
 * Tells whether what went to a destination was the webhook as it came: to one in the old format. Of one that is no longer
 * configured the format is not known; then what the next one takes goes to that, rather than to nobody.
 */
export const goesWhole =
  ({ destinations }: Pick<Config, 'destinations'>, to: Pick<DestinationConfig, 'name'>) =>
  (name: string, event: Pick<ReplayableEvent, 'source' | 'event'>): boolean => {
    const known = destinations.find((each) => each.name === name);
    return known === undefined ? takesByName(destinations, to.name, event) : known.format === 'legacy';
  };
