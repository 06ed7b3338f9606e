import { replaySuite } from "./replay-suite.js";

replaySuite(3);
