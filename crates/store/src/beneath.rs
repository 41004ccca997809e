//! Every open is beneath the root and follows no link.
