import type { Config } from '../config/config.js';
import type { Store } from '../store/store.js';

/** Which halves of the service run here: receiving, or converting and delivering, or both. */
export type Role = 'all' | 'ingest' | 'work';

/** What the work thread is started with. */
export interface WorkOptions {
  readonly config: Config;
  readonly role: Role;
  /** Whether the store's schema is brought up to date; else an old one is refused. */
  readonly migrate: boolean;
  /** The folder that relative paths start from. */
  readonly cwd: string;
}

/** What the main thread asks of the work thread. */
export interface WorkApi extends Pick<Store, 'putWebhooks' | 'recordRefused' | 'ping'> {
  /** Opens the store and starts the loops. @throws {ShimError} why it cannot */
  start(): Promise<void>;
  /** Goes on with another configuration: conversion at once, each destination once it has finished what is on its way. */
  configure(config: Config): Promise<void>;
  /** Milliseconds since each loop last moved, by name. */
  idleTimes(): Promise<Readonly<Record<string, number>>>;
  /** Its part of the metrics, in the text format of Prometheus. */
  metrics(): Promise<string>;
  /** Finishes or hands back what is being sent, within `grace` milliseconds, and closes the store. */
  stop(grace: number): Promise<void>;
}

export const WORK_VERBS = [
  'start',
  'configure',
  'putWebhooks',
  'recordRefused',
  'ping',
  'idleTimes',
  'metrics',
  'stop',
] as const;
