//! Zero-copy packets of Engine.IO and Socket.IO.
