//! The Socket.IO reference server.
