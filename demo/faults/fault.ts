/** What can be switched on in checkout, in the order of the keys 1 to 4. */
export const FAULTS = ['lose', 'delay', 'incoherent', 'stuck'] as const;
export type Fault = (typeof FAULTS)[number];

export type FaultSwitches = Readonly<Record<Fault, boolean>>;

export const NO_FAULTS: FaultSwitches = { lose: false, delay: false, incoherent: false, stuck: false };

export const FAULT_TEXT: Readonly<Record<Fault, string>> = {
  lose: 'checkout loses 20 % of its export requests and reports them as sent',
  delay: 'checkout holds its export requests for 15 s',
  incoherent: 'checkout samples by coin flip but marks its spans as consistently sampled',
  stuck: 'a short overload leaves checkout slow and failing 8 % although load is back to normal',
};

export function isFault(name: string): name is Fault {
  return FAULTS.some((fault) => fault === name);
}
