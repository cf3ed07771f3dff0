import { noCapabilities, type Capabilities } from './capabilities.ts';
import { itemsOf, uncovered, type CapabilityItem } from './items.ts';
import { describeItem, gravestFirst, type Statement } from './words.ts';

export interface CapabilityDifference {
  /** What the later one may do and the earlier one may not, texts that changed included: what consent is asked for. */
  readonly wider: readonly Statement[];
  /** What the earlier one may do and the later one may not. */
  readonly narrower: readonly Statement[];
}

/** `before` null: there is no version before, and all of it is new. */
export function capabilityDifference(before: Capabilities | null, after: Capabilities): CapabilityDifference {
  const old = before ?? noCapabilities;
  const changed = changedTexts(old, after);
  const isChanged = (item: CapabilityItem): boolean => changed.has(`${item.capability} ${item.value}`);
  return {
    wider: gravestFirst(
      uncovered(old, after).map((item) => (isChanged(item) ? sayChanged(item) : describeItem(item))),
    ),
    narrower: gravestFirst(
      uncovered(after, old)
        .filter((item) => !isChanged(item))
        .map(describeItem),
    ),
  };
}

/**
 * Whether consent to `before` leaves something of `after` open. `!widens` is reflexive and transitive: whoever consented to a
 * version has consented to every one that does not widen it, by whatever steps.
 */
export function widens(before: Capabilities, after: Capabilities): boolean {
  return uncovered(before, after).length > 0;
}

function changedTexts(before: Capabilities, after: Capabilities): ReadonlySet<string> {
  const known = new Map(itemsOf(before).map((item) => [`${item.capability} ${item.value}`, item.sha256]));
  return new Set(
    itemsOf(after)
      .filter(({ sha256 }) => sha256 !== undefined)
      .map(({ capability, value, sha256 }) => ({ key: `${capability} ${value}`, sha256 }))
      .filter(({ key, sha256 }) => known.has(key) && known.get(key) !== sha256)
      .map(({ key }) => key),
  );
}

/** A model reads these texts and acts on them: a new text is a new plugin to it. */
function sayChanged({ capability, value }: CapabilityItem): Statement {
  const text = `changes the text of the ${capability === 'tools' ? 'tool' : 'prompt'} ${value}`;
  return { capability, value, severity: 'high', text };
}
