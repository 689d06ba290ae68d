import { keyStep, pathOf } from './path.js';

const MOST_FIELDS = 500;
/** Levels of nesting, arrays included. */
const DEEPEST = 16;

/** A place in a result, whatever the index of the items on the way. */
interface Place {
  readonly steps: readonly string[];
  readonly members: Map<string, Place>;
  items: Place | null;
}

const newPlace = (steps: readonly string[]): Place => ({ steps, members: new Map(), items: null });

/**
 * The fields of an extraction's result, each once, sorted: `total`, `items`, `items[].price`, `["odd key"]`. A field is
 * a member of an object, at any of 16 levels; its value may be anything. 500 fields at the most, the outermost first.
 *
 * @param result what `JSON.parse` gives: conversion has it at hand
 */
export function fieldsOf(result: unknown): readonly string[] {
  const fields: string[] = [];
  // Grows while it is read: level by level, so that what is left out is what lies deepest.
  const open: { readonly place: Place; readonly value: object }[] = [];
  const visit = (place: Place, value: unknown): void => {
    if (typeof value === 'object' && value !== null && place.steps.length < DEEPEST)
      open.push({ place, value });
  };
  const addMember = (place: Place, key: string): Place | null => {
    if (fields.length === MOST_FIELDS) return null;
    const child = newPlace([...place.steps, keyStep(key)]);
    place.members.set(key, child);
    fields.push(pathOf(child.steps));
    return child;
  };

  visit(newPlace([]), result);
  for (const { place, value } of open) {
    if (Array.isArray(value)) {
      place.items ??= newPlace([...place.steps, '[]']);
      for (const item of value) visit(place.items, item);
      continue;
    }
    for (const [key, member] of Object.entries(value)) {
      const child = place.members.get(key) ?? addMember(place, key);
      if (child !== null) visit(child, member);
    }
  }
  // Keys that only differ where they are cut are one.
  return [...new Set(fields)].sort();
}
