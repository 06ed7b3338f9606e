//! A change of user data reaches every desk that has the call.
