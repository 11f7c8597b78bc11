// Every bit of every byte instead of one; and a hundred kills instead of three.
import './ledger-kill.test.ts';
import './ledger-tamper.test.ts';
