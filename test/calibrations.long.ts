// The tests that simulate, again, with all the runs that runCount spares the suite.
import './detectors/changepoints/contract-channel.test.ts';
import './detectors/changepoints/onset-channel.test.ts';
import './detectors/changepoints/segment-series.test.ts';
import './detectors/changepoints/trend-of.test.ts';
import './detectors/drift/local-vs-global.test.ts';
import './detectors/drift/masked-failure.test.ts';
import './detectors/statistics/exact-ranks.test.ts';
import './detectors/statistics.test.ts';
import './eval/calibration.test.ts';
import './validators/counters/estimate-metric-against-spans.test.ts';
import './validators/counters/estimate-sdk-against-store.test.ts';
import './validators/counters/estimate-sdk-funnel.test.ts';
import './validators/find-sampled-alone.test.ts';
import './validators/graph/callee-loss.test.ts';
import './validators/sampling/align-population.test.ts';
import './validators/time/bound-skew.test.ts';
import './validators/time/check-late-share.test.ts';
