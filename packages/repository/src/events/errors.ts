import { VaultError, type VaultErrorOptions } from '@ragnos/tuf';

/** Every way in which a signing event can be refused. Closed; tests assert them. */
export type EventErrorCode = keyof typeof eventErrors;

/** What each code means, for the manual page and for whoever maps them to exit codes. */
export const eventErrors = {
  EVENT_MALFORMED: 'this is no signing event, or one that was damaged on its way; nothing was signed',
  EVENT_UNTRUSTED:
    'what the event is based on does not verify from the root that this signer trusts; nothing was signed',
  EVENT_UNSAFE: 'what is to be signed would harm clients, whoever signs it; nothing was signed',
  EVENT_EXISTS: 'another event for this role is open; finish or cancel it first',
  EVENT_CLOSED: 'the event was applied or cancelled',
  EVENT_OVERDUE: 'the deadline of the event has passed',
  EVENT_DIFFERS: 'these are not copies of one event',
  NO_SUCH_EVENT: 'there is no such event',
  NOTHING_TO_SIGN: 'what was asked for is what is published already',
  PAST_THRESHOLD:
    'enough have signed: whoever holds the file can publish it, so it can only be applied and superseded',
  NOT_A_SIGNER: 'this key may not sign this',
  SECOND_BODY: 'this key signed another content under the same version before',
} as const;

/**
 * Exit codes: 3 untrusted for EVENT_MALFORMED and EVENT_UNTRUSTED · 10 refused for EVENT_UNSAFE, PAST_THRESHOLD and
 * SECOND_BODY · 9 conflict for EVENT_EXISTS, EVENT_CLOSED and EVENT_DIFFERS · 4 for EVENT_OVERDUE · 5 for NO_SUCH_EVENT ·
 * 7 unauthorised for NOT_A_SIGNER · 2 usage for NOTHING_TO_SIGN.
 */
export class EventError extends VaultError {
  override readonly code: EventErrorCode;

  constructor(code: EventErrorCode, message: string, options: VaultErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}
