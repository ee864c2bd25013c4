//! The core of Menpai: entries, device logs, derivation, verdict rules and views.
//! It owns every rule that phone and server must agree on, and does no IO: clock,
//! randomness and storage are the caller's.
