/** In a file of its own, so that the suite runs on both Nodes at once. */
import { describeSuite } from './probe-suite.ts';
import { node24 } from './support.ts';

describeSuite('Node 24', node24);
