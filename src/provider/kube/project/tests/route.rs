//! Routes of every kind.

use super::*;
