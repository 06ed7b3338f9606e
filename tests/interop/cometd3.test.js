// The library as it is deployed with GWS.
import { suite } from "./suite.js";

suite(3);
