//! Examples live beside this file; this package only gives them dependencies.
