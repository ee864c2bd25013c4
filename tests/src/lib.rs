//! The test harness: simulated phones and networks, the real server, fixtures. Scenarios use it.
