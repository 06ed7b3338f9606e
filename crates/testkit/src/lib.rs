//! Simulated peers and fixtures for tests.
