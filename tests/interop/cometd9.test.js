// The newest library.
import { suite } from "./suite.js";

suite(9);
