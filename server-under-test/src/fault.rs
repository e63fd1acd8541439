//! The fault menu: every way in which this server can be told to be wrong.
//!
//! A fault breaks one rule, or the few rules that say the same thing, and leaves everything else as it is: that is
//! what makes it a proof that a conformance check can fail. A server has at most one fault, and each fault has its
//! effect at one place of the machine it belongs to.

use std::fmt;

macro_rules! faults {
    ($($variant:ident $name:literal $describe:literal)+) => {
        /// A named way to be wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Fault {
            $(#[doc = $describe] $variant,)+
        }

        impl Fault {
            /// Every fault there is, in the order of the catalogue.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name by which the fault is asked for, such as `ack-zero-ignored`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What the server does wrong, in one sentence.
            #[must_use]
            pub const fn describe(self) -> &'static str {
                match self { $(Self::$variant => $describe,)+ }
            }
        }
    };
}

impl Fault {
    /// The fault of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.name() == name)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

faults! {
    // Handshake.
    OpenThenNoop "open-then-noop" "A noop packet follows the open packet at once."
    EmptySidRefused "empty-sid-refused" "A handshake with an empty sid is refused."
    VersionThreeAccepted "version-three-accepted" "A handshake with EIO=3 opens a session of version 4."
    MismatchAccepted "mismatch-accepted" "A poll that names the transport websocket is answered."
    OpenLacksMaxPayload "open-lacks-max-payload" "The open packet has no maxPayload."
    NoUpgradesOffered "no-upgrades-offered" "A polling session is told that there are no upgrades."
    WebsocketOffersUpgrades "websocket-offers-upgrades" "A websocket session is told that it can upgrade to websocket."
    SidSequential "sid-sequential" "Engine.IO session ids are counted up."
    VersionMissingAccepted "version-missing-accepted" "A handshake without EIO is accepted."
    VersionUnknownAccepted "version-unknown-accepted" "A handshake with any value of EIO but 3 is accepted."
    TransportMissingAccepted "transport-missing-accepted" "A request that names no transport is taken for polling."
    TransportUnknownAccepted "transport-unknown-accepted" "A request with an unknown transport is served nevertheless."
    SidUnknownOpensSession "sid-unknown-opens-session" "A request with a session id that never existed opens a session."
    PostHandshakeAccepted "post-handshake-accepted" "A POST without a session id opens a session."
    PutHandshakeAccepted "put-handshake-accepted" "A PUT, DELETE or PATCH without a session id opens a session."
    PlainWebsocketGetAccepted "plain-websocket-get-accepted" "A plain GET that names websocket opens a polling session."
    UnknownQueryRefused "unknown-query-refused" "A handshake with an unknown query parameter is refused."
    QueryNotDecoded "query-not-decoded" "Query values are compared without percent-decoding."
    NoCacheControl "no-cache-control" "Responses say nothing about caching."
    OpenAsOctetStream "open-as-octet-stream" "The handshake response is labelled application/octet-stream."

    HeadHandshakeAccepted "head-handshake-accepted" "A HEAD without a session id opens a session."

    // Opening handshake of websockets.
    WebsocketKeyOptional "websocket-key-optional" "A websocket is opened without Sec-WebSocket-Key."
    WebsocketVersionIgnored "websocket-version-ignored" "A websocket is opened whatever its version."
    PostUpgradeAccepted "post-upgrade-accepted" "A POST opens a websocket."
    SubprotocolInvented "subprotocol-invented" "A websocket is given a subprotocol that its client did not offer."
    ExtensionUnasked "extension-unasked" "A websocket is given an extension that its client did not offer."
    WebsocketTransportMissingAccepted "websocket-transport-missing-accepted" "A websocket that names no transport is opened."
    WebsocketNamesPollingAccepted "websocket-names-polling-accepted" "A websocket that names the transport polling is opened."
    WebsocketQueryMissingAccepted "websocket-query-missing-accepted" "A websocket is opened by a request without a query."

    // CORS.
    PreflightRefused "preflight-refused" "A preflight request is refused."
    CorsHeaderMissing "cors-header-missing" "The answer to a handshake names no origin."
    CorsHeaderMissingOnRefusals "cors-header-missing-on-refusals" "Refusals name no origin."

    // Requests of sessions.
    PutWithSidAnswered "put-with-sid-answered" "A PUT, PATCH or DELETE of a session is answered as a GET."
    ConnectionCloseEndsSession "connection-close-ends-session" "A request with Connection: close ends its session."
    GetAnsweredAtOnce "get-answered-at-once" "Where pings are rare, a GET is answered with a noop at once."
    LaterVersionUnchecked "later-version-unchecked" "The version that a request of a session names is not looked at."
    PollAsOctetStream "poll-as-octet-stream" "The answer to a poll is labelled application/octet-stream."
    PollMayBeCached "poll-may-be-cached" "The answers to polls and POSTs say nothing about caching."
    BadPacketStrandsGet "bad-packet-strands-get" "Where pings are rare, what is no packet ends the session, and the held GET is never answered."
    AbortedPostHandled "aborted-post-handled" "A POST that breaks off is handled as far as it came."
    PacketsAfterCloseHandled "packets-after-close-handled" "What follows a close packet in a payload is handled before the session ends."
    CookieUnasked "cookie-unasked" "A cookie is set though none is wanted."
    CompressedUnasked "compressed-unasked" "Answers of 3000 to 3100 bytes are compressed for every client."
    CompressionUndeclared "compression-undeclared" "Compressed answers do not say that they are."

    // Long-polling.
    PostAnswersUpperCase "post-answers-upper-case" "A POST is answered OK instead of ok."
    PayloadHandledBackwards "payload-handled-backwards" "Sixteen or more events of the main namespace in one POST are handled last first."
    TrailingSeparator "trailing-separator" "A poll response of three or more packets ends with a separator."
    Base64UrlSafe "base64-url-safe" "Binary leaves as unpadded base64 of the url-safe alphabet."
    SecondGetAccepted "second-get-accepted" "A second GET takes the place of the first, which is answered with a noop."
    SecondGetStrandsFirst "second-get-strands-first" "A second GET closes the session, and the first is never answered."
    SecondPostAccepted "second-post-accepted" "A second POST is accepted while one is in flight."
    ClosePacketIgnored "close-packet-ignored" "A close packet sent by POST is ignored."
    CloseStrandsGet "close-strands-get" "A close packet ends the session, and the held GET is never answered."
    BadPacketSkipped "bad-packet-skipped" "What follows a bad packet in a payload is handled before the session closes."
    MaxPayloadOffByOne "max-payload-off-by-one" "A POST of exactly maxPayload bytes is refused."
    PollingUnlimited "polling-unlimited" "A POST larger than maxPayload is accepted."
    MaxPayloadInCharacters "max-payload-in-characters" "The size of a POST is counted in characters."
    ChunkedBodyRefused "chunked-body-refused" "A POST without Content-Length is refused."
    SplitBodyTruncated "split-body-truncated" "A character of a POST that is cut in two by the network is lost."
    UnknownContentTypeRefused "unknown-content-type-refused" "A POST with a content type other than text/plain is refused."
    PostAsOctetStream "post-as-octet-stream" "The answer to a POST is labelled application/octet-stream."
    CloseDataIgnored "close-data-ignored" "A close packet with data is ignored."
    EncodedPostLost "encoded-post-lost" "The packets of a POST that names a content coding are lost."

    // Engine.IO packets, websocket.
    NonBmpReplaced "non-bmp-replaced" "Outgoing characters above U+FFFF become U+FFFD."
    UnknownPacketIgnored "unknown-packet-ignored" "What is no Engine.IO packet is ignored."
    WebsocketJoinsPackets "websocket-joins-packets" "message-back events that leave within 50 ms share one websocket message."
    WebsocketBinaryPrefixed "websocket-binary-prefixed" "A websocket binary message that begins with byte 0x34 leaves with 0x04 in front."
    WebsocketSplitsSeparator "websocket-splits-separator" "A websocket text message is split at U+001E."
    WebsocketMaxPayloadOffByOne "websocket-max-payload-off-by-one" "A websocket message of exactly maxPayload bytes is refused."
    WebsocketUnlimited "websocket-unlimited" "Websocket messages larger than maxPayload are accepted."
    SecondWebsocketAccepted "second-websocket-accepted" "A second websocket for a websocket session stays open, and its probe is answered."
    WebsocketClosePacketIgnored "websocket-close-packet-ignored" "A close packet sent over websocket is ignored."
    WebsocketPingUnanswered "websocket-ping-unanswered" "A websocket ping frame gets no pong."
    FragmentsDropped "fragments-dropped" "The first fragment of a websocket message is taken for all of it."

    // Websocket frames.
    ReservedBitIgnored "reserved-bit-ignored" "The reserved bits of websocket frames are ignored."
    ReservedOpcodeIgnored "reserved-opcode-ignored" "Websocket frames with an opcode that does not exist are ignored."
    StrayContinuationIgnored "stray-continuation-ignored" "A continuation of no websocket message is ignored."
    InterleavedMessageTaken "interleaved-message-taken" "A websocket message inside of another is taken for a part of it."
    LargeControlAccepted "large-control-accepted" "Websocket control frames may be of any size."
    FragmentedControlAccepted "fragmented-control-accepted" "The first fragment of a websocket control frame is taken for all of it."
    InvalidUtf8Accepted "invalid-utf8-accepted" "Websocket text that is not UTF-8 is mended."
    PingInBetweenCloses "ping-in-between-closes" "A ping frame between the fragments of a message closes the websocket."
    PongFrameCloses "pong-frame-closes" "A pong frame closes the websocket."
    MessageOf65536Lost "message-of-65536-lost" "Websocket messages of 65536 bytes are lost."
    CloseFrameUnanswered "close-frame-unanswered" "A close frame is not answered: the connection just ends."
    CloseCodeNotRepeated "close-code-not-repeated" "The answer to a close frame has no status code."
    FragmentsUnlimited "fragments-unlimited" "Each fragment of a websocket message may be of maxPayload bytes."
    BinaryUnlimited "binary-unlimited" "Binary websocket messages larger than maxPayload are accepted."
    UnmaskedAccepted "unmasked-accepted" "Websocket frames of a client need not be masked."
    CloseCodeUnchecked "close-code-unchecked" "A close frame is answered with its own code, even one that must not be sent."

    // Upgrade.
    ProbeUnanswered "probe-unanswered" "The probe is not answered."
    OpenOnUpgrade "open-on-upgrade" "The websocket of an upgrade begins with an open packet."
    HeldPollNotReleased "held-poll-not-released" "A GET held when the probe arrives is not released before the upgrade completes."
    LatePollNotReleased "late-poll-not-released" "A GET that arrives after the probe is not released before the upgrade completes."
    UpgradeIgnored "upgrade-ignored" "The upgrade packet is ignored."
    PollingAliveAfterUpgrade "polling-alive-after-upgrade" "GET and POST of an upgraded session are answered with 200."
    UpgradeDropsBuffer "upgrade-drops-buffer" "Packets still buffered when the upgrade completes are lost."
    UpgradeRepeatsLast "upgrade-repeats-last" "A message-back event that polling delivered last is sent again after the upgrade."
    NoopAfterUpgrade "noop-after-upgrade" "The upgraded websocket begins with a noop packet."
    BadProbeClosesSession "bad-probe-closes-session" "A websocket that begins with neither probe nor upgrade ends its session."
    DroppedProbeClosesSession "dropped-probe-closes-session" "Losing the websocket after the probe ends the session."
    SecondProbeWins "second-probe-wins" "A second websocket takes the upgrade over from the first."
    CloseLeavesProbeOpen "close-leaves-probe-open" "A probing websocket stays open when its session closes."
    BusyUpgradeStarves "busy-upgrade-starves" "The probe is not answered while more than twenty packets wait to be sent."
    NoopsPileUp "noops-pile-up" "A poll during an upgrade is answered with three noops."
    UpgradeNeverTimesOut "upgrade-never-times-out" "A websocket may stay in the middle of an upgrade for ever."
    UpgradeDataRefused "upgrade-data-refused" "An upgrade packet with data ends the upgrade."
    UpgradeStopsHeartbeat "upgrade-stops-heartbeat" "There are no pings after an upgrade."

    // Heartbeat, close.
    NoPing "no-ping" "The server never pings, and waits for no pong."
    PingWithData "ping-with-data" "Pings carry data."
    PingAtOnce "ping-at-once" "The first ping comes at once."
    PingOnce "ping-once" "There is only one ping."
    PingTimeoutIgnored "ping-timeout-ignored" "A missing pong has no consequence."
    PingTimeoutHalved "ping-timeout-halved" "The server waits for a pong 0.4 times as long as it announced."
    SidSurvivesClose "sid-survives-close" "The id of a session that ended on websocket is accepted afterwards."
    PingLostWithoutGet "ping-lost-without-get" "A ping that is due while no GET waits is lost."
    UpgradeForgetsPing "upgrade-forgets-ping" "A pong on the websocket does not count for a ping that went by polling."
    UpgradeForgivesPing "upgrade-forgives-ping" "A ping that went by polling may stay unanswered once the client has upgraded."
    CloseDropsQueue "close-drops-queue" "When the server closes a session for which five packets or more wait for a poll, they are lost."
    CloseStrandsNextGet "close-strands-next-get" "When the server closes a session for which five packets or more wait for a poll, the last poll is never answered."
    CloseStrandsPost "close-strands-post" "A POST that is incomplete when its session ends is never answered."
    CloseDropsAnswer "close-drops-answer" "An acknowledgement that leaves just before the server closes the connection is lost."
    CloseDelayed "close-delayed" "A connection that the application closes serves its client for six seconds more."
    ClosingTwiceKills "closing-twice-kills" "A session that is closed by both sides at the same time stops the server."

    // Connecting.
    ConnectWithoutSid "connect-without-sid" "The answer to CONNECT carries no sid."
    AuthBeforeConnect "auth-before-connect" "Events of the connection handler leave before the answer to CONNECT."
    AuthDropped "auth-dropped" "The application never sees the payload of CONNECT."
    SidSharedWithEngine "sid-shared-with-engine" "The id of a socket on the main namespace is the Engine.IO session id."
    SidSharedByNamespaces "sid-shared-by-namespaces" "A connection has one socket id for all its namespaces."
    UnknownNamespaceCloses "unknown-namespace-closes" "CONNECT to an unknown namespace closes the connection."
    ConnectErrorAsString "connect-error-as-string" "The refusal of an unknown namespace is a bare string."
    ConnectErrorLacksNamespaceQuery "connect-error-lacks-namespace-query" "A refusal names the namespace without its query part."
    EventBeforeConnectIgnored "event-before-connect-ignored" "A first packet other than CONNECT is ignored."
    NoConnectTimeout "no-connect-timeout" "A connection may stay without a namespace for ever."
    SecondConnectAccepted "second-connect-accepted" "A second CONNECT to a joined namespace gives a second sid."
    MiddlewareDataDropped "middleware-data-dropped" "The refusal of a middleware loses its data."
    RefusalIsFinal "refusal-is-final" "A namespace that refused a connection once refuses it for ever."
    UnparsableIgnored "unparsable-ignored" "What has no Socket.IO packet type is ignored."
    BadEventPayloadIgnored "bad-event-payload-ignored" "An event whose payload is valid JSON but no event is ignored."
    BadAckIdIgnored "bad-ack-id-ignored" "An event with something other than digits before its payload is ignored."
    MalformedJsonIgnored "malformed-json-ignored" "An event whose payload breaks off is ignored."
    BinaryFirstIgnored "binary-first-ignored" "A first packet that is a binary event is ignored."
    EventInPlaceOfConnect "event-in-place-of-connect" "An event right behind a CONNECT with an empty object is handled, and the CONNECT never answered."
    EventBehindRefusalHandled "event-behind-refusal-handled" "An event for a namespace that refused the client is handled."
    SilentLeaverStays "silent-leaver-stays" "Who goes having said nothing but CONNECT stays in its dynamic namespaces."
    BrokenPacketDropsQueue "broken-packet-drops-queue" "A broken packet cuts the connection, and what waits to be sent is lost."

    // Namespaces.
    NamespaceAnswersOnMain "namespace-answers-on-main" "message-back of another namespace is sent on the main one where that is joined too."
    MainJoinedImplicitly "main-joined-implicitly" "CONNECT to another namespace silently joins the main one as well."
    NamespaceNeedsComma "namespace-needs-comma" "CONNECT to a namespace that is not followed by a comma closes the connection."
    EventWithoutNamespaceHandled "event-without-namespace-handled" "An event for a namespace other than the main one that was not joined reaches a handler."
    DynamicRefused "dynamic-refused" "Dynamic namespaces are unknown."
    NamespaceIgnoresCase "namespace-ignores-case" "Namespace names are compared without regard to case."

    // Hostile input.
    InheritedNamespaceAccepted "inherited-namespace-accepted" "Namespaces named like members of every object exist."
    InheritedEventCloses "inherited-event-closes" "An event named like a member of every object closes the connection."
    InheritedTransportKills "inherited-transport-kills" "A WebSocket that names a transport like a member of every object stops the server."
    ReservedEventKills "reserved-event-kills" "An event with a reserved name stops the server."

    EventNameObjectKills "event-name-object-kills" "An event whose name is neither a string nor a number stops the server."
    ConnectErrorKills "connect-error-kills" "A CONNECT_ERROR of a client stops the server."
    PlaceholderNameKills "placeholder-name-kills" "A placeholder that is numbered with the name of a method stops the server."
    AttachmentCountKills "attachment-count-kills" "A packet that announces very many attachments stops the server."
    OddPacketKills "odd-packet-kills" "An upgrade packet where none is due stops the server."
    DeepPayloadKills "deep-payload-kills" "A payload that is nested too deep stops the server."
    UpgradeWithBodyKills "upgrade-with-body-kills" "A request for a websocket that has a body stops the server."
    InvalidFirstFrameKills "invalid-first-frame-kills" "An empty websocket frame with all reserved bits set stops the server."
    ResetAfterRefusalKills "reset-after-refusal-kills" "The refusal of a websocket for the transport flashsocket stops the server."
    ManyHeadersKill "many-headers-kill" "A request with more headers than are read stops the server."
    SubprotocolBlanksKill "subprotocol-blanks-kill" "A subprotocol of a thousand bytes and more stops the server."
    InheritedRoomLost "inherited-room-lost" "Rooms named like members of every object cannot be joined."

    // Grammar.
    BlanksBehindClose "blanks-behind-close" "A packet that ends with a blank or a line feed closes the connection."
    BlanksInsideClose "blanks-inside-close" "A packet with a blank behind the first bracket closes the connection."
    SlashIsUnknown "slash-is-unknown" "A CONNECT that names the main namespace closes the connection."
    ConnectPayloadUnchecked "connect-payload-unchecked" "A CONNECT whose payload is no object is admitted."
    BadAckPayloadIgnored "bad-ack-payload-ignored" "An acknowledgement whose payload is no array is ignored."
    AttachmentCountIgnored "attachment-count-ignored" "A binary packet without a number of attachments is ignored."
    NoAttachmentsDeafens "no-attachments-deafens" "A binary packet without attachments makes the server ignore the rest of the connection."
    Base64OnWebsocketCloses "base64-on-websocket-closes" "Base64 in a websocket text message closes the connection."
    PongInBetweenCloses "pong-in-between-closes" "A pong between a packet and its attachments closes the connection."
    FalsePlaceholderReplaced "false-placeholder-replaced" "message-back replaces objects whose _placeholder is false by null."
    PlaceholdersReadInOrder "placeholders-read-in-order" "message-back puts attachments in the order in which they came."
    SecondPlaceEmptied "second-place-emptied" "message-back holds an attachment in one place only."
    UnusedAttachmentCloses "unused-attachment-closes" "A binary event without placeholders closes the connection."
    NanRepeated "nan-repeated" "A message that holds NaN is answered with NaN."
    PingEventCloses "ping-event-closes" "An event named ping closes the connection."
    UnparsableFirstIgnored "unparsable-first-ignored" "What is no packet is ignored as long as no namespace is joined."
    RefusalCountsAsJoined "refusal-counts-as-joined" "A connection that was refused by a namespace may stay without one for ever."
    LeavingStartsTheClock "leaving-starts-the-clock" "A connection that leaves its last namespace must join one again in time."
    PrivateIdWithoutRecovery "private-id-without-recovery" "The answer to CONNECT has a pid though no session is recovered."
    BusyPongMissed "busy-pong-missed" "A pong that comes behind more than a hundred messages is not counted."
    AnswerCutAtLimit "answer-cut-at-limit" "Of several packets that answer a poll, those beyond maxPayload are lost."
    UnknownEventAcked "unknown-event-acked" "An event that nobody listens for is acknowledged all the same."
    ErrorEventLost "error-event-lost" "An event named error is not sent."
    ReservedAckLost "reserved-ack-lost" "An acknowledgement that begins with a reserved name is not counted."
    DisconnectPayloadIgnored "disconnect-payload-ignored" "A DISCONNECT with a payload is ignored."

    // Values.
    TextCutAtNul "text-cut-at-nul" "message-back cuts texts at the character U+0000."
    EmptyKeyDropped "empty-key-dropped" "message-back loses members with an empty name."
    EmptyEventIgnored "empty-event-ignored" "message without arguments is not answered."
    ArgumentsCutAtTen "arguments-cut-at-ten" "message-back holds ten arguments at most."
    DeepValuesDropped "deep-values-dropped" "message-back replaces arguments that are nested more than twenty levels deep by null."
    LargeNumbersWrap "large-numbers-wrap" "message-back wraps whole numbers beyond 32 bits."
    FractionsCut "fractions-cut" "message-back keeps two decimal places of a number."
    PlaceholderInTextReplaced "placeholder-in-text-replaced" "message-back replaces what looks like a placeholder by null where there are no attachments."
    PlaceholderOrderMatters "placeholder-order-matters" "A placeholder that begins with its number closes the connection."
    TenthAttachmentEmptied "tenth-attachment-emptied" "The tenth attachment of message-back is empty."
    LargeAttachmentTruncated "large-attachment-truncated" "message-back cuts attachments at 64 KiB."
    HalfCharactersDropped "half-characters-dropped" "message-back loses halves of surrogate pairs."

    // Events and acknowledgements.
    UnaskedAck "unasked-ack" "message-with-ack is acknowledged with the id 0 where no acknowledgement was asked for."
    RepeatedAckIdIgnored "repeated-ack-id-ignored" "An event whose acknowledgement id is that of the one before is not acknowledged."
    NullArgumentDropped "null-argument-dropped" "message-back lacks the arguments that are null."
    FourthEventAfterFifth "fourth-event-after-fifth" "The fourth message of a socket is answered after the fifth."
    EscapedNameUnknown "escaped-name-unknown" "An event name written with escapes is not recognised."
    UnknownEventCloses "unknown-event-closes" "An event without a handler closes the connection."
    DashReadAsCount "dash-read-as-count" "A message whose payload has a dash after a digit closes the connection."
    ProtoKeyDropped "proto-key-dropped" "message-back loses members named __proto__."
    LargeStringTruncated "large-string-truncated" "message-back cuts strings at 64 KiB."
    AckIdOffByOne "ack-id-off-by-one" "Acknowledgement ids 1 to 999999 are answered one too high."
    AckZeroIgnored "ack-zero-ignored" "An event with acknowledgement id 0 is not acknowledged."
    AckIdWrapsAt32Bits "ack-id-wraps-at-32-bits" "Acknowledgement ids are cut to 32 bits."
    AckWithoutNamespace "ack-without-namespace" "Acknowledgements with ids below 1000000 leave without their namespace."
    EmptyAckOmitted "empty-ack-omitted" "An acknowledgement without values is not sent."
    UnknownAckCloses "unknown-ack-closes" "An acknowledgement nobody waits for closes the connection."
    AcksShareLastId "acks-share-last-id" "All acknowledgements of a socket with ids below 1000000 carry the first such id."
    ClientAckLost "client-ack-lost" "The server never notices a text acknowledgement of a client."
    ClientBinaryAckLost "client-binary-ack-lost" "The server never notices a binary acknowledgement of a client."
    AckTimeoutUnnoticed "ack-timeout-unnoticed" "A single acknowledgement that timed out is reported as not timed out."
    LateAckCloses "late-ack-closes" "An acknowledgement that comes after its time-out closes the connection."

    // Binary.
    AttachmentsSwapped "attachments-swapped" "message-back on the main namespace swaps its first two top-level attachments."
    BinaryAckTypedAsEvent "binary-ack-typed-as-event" "A binary acknowledgement leaves as a binary event."
    BinaryNamespaceBeforeCount "binary-namespace-before-count" "Binary packets name the namespace before the number of attachments."
    NestedAttachmentDropped "nested-attachment-dropped" "message-back replaces attachments inside objects and lists by null."
    EmptyAttachmentDropped "empty-attachment-dropped" "An attachment without bytes is not counted as one."
    StrayBinaryIgnored "stray-binary-ignored" "Binary that no header announced is ignored."
    TextTakenAsAttachment "text-taken-as-attachment" "Text that arrives while attachments are missing is taken for one."
    PlaceholderOutOfRangeDelivered "placeholder-out-of-range-delivered" "A placeholder without an attachment is delivered as null."
    AttachmentsMixedUp "attachments-mixed-up" "From its tenth binary message on, a socket is answered with the attachments of the one before."
    AttachmentAsName "attachment-as-name" "An event whose name is a placeholder is taken for a message."
    HalfPacketsSurvive "half-packets-survive" "Half a packet of a lost connection is waited for on the next one whose CONNECT has the same payload, if it is no empty object."

    // Disconnecting.
    DisconnectAnswered "disconnect-answered" "DISCONNECT is answered with DISCONNECT."
    DisconnectLeavesAll "disconnect-leaves-all" "DISCONNECT of one namespace leaves all of them."
    EventAfterDisconnectHandled "event-after-disconnect-handled" "An event for a namespace that was left is handled."
    ReconnectSameSid "reconnect-same-sid" "Joining a namespace again gives the sid of the first time."
    ServerDisconnectUnannounced "server-disconnect-unannounced" "The server removes a socket without telling the client."
    DisconnectCloseStaysOpen "disconnect-close-stays-open" "disconnect with close leaves the connection open."
    ServerDisconnectHitsAll "server-disconnect-hits-all" "The server removes the sockets of a connection from all namespaces at once."
    ReasonAlwaysTransportClose "reason-always-transport-close" "A client that leaves a namespace is reported as transport close."
    DropUnnoticed "drop-unnoticed" "A lost connection is noticed a ping interval and a ping timeout later."
    ServerDisconnectUnnamed "server-disconnect-unnamed" "The DISCONNECT of the server names the main namespace, whichever it is about."
    ReasonServerAsClient "reason-server-as-client" "A socket that the server disconnects is reported as one that left."
    ReasonPingTimeoutAsClose "reason-ping-timeout-as-close" "A ping time-out is reported as transport close."
    ReasonForcedAsClose "reason-forced-as-close" "A broken packet is reported as transport close."
    ReasonParseErrorAsClose "reason-parse-error-as-close" "What is no Engine.IO packet is reported as transport close."
    LossLeavesFirstOnly "loss-leaves-first-only" "Who loses its connection is reported in the first of its namespaces only."
    BrokenPacketLeavesFirstOnly "broken-packet-leaves-first-only" "Who sends a broken packet is reported in the first of its namespaces only."
    LeftWithoutRooms "left-without-rooms" "A socket that goes has left its rooms before anybody is told."
    EventAfterRemovalHandled "event-after-removal-handled" "An event for a namespace that the server removed the client from is handled."

    // Rooms.
    JoinIgnored "join-ignored" "Joining a room has no effect."
    RoomFilterIgnored "room-filter-ignored" "What is sent to rooms reaches the whole namespace."
    RoomEmitIncludesSender "room-emit-includes-sender" "A socket hears what it sends to a room."
    ServerRoomEmitExcludesCaller "server-room-emit-excludes-caller" "What the server sends to rooms does not reach the socket that asked for it."
    LeaveIgnored "leave-ignored" "Leaving a room has no effect."
    UnionDeliversTwice "union-delivers-twice" "A member of two addressed rooms hears an event twice."
    ExceptIgnored "except-ignored" "Excepted rooms are not excepted from what is sent to rooms."
    OwnRoomMissing "own-room-missing" "No room is named after a socket."
    SelfAddressed "self-addressed" "A socket that sends to its own id hears itself."
    RoomsSharedByNamespaces "rooms-shared-by-namespaces" "What is sent to a room reaches its namesakes in other namespaces."
    RoomsSurviveDisconnect "rooms-survive-disconnect" "Looking up a room finds the sockets that left the namespace."
    UnknownRoomReachesAll "unknown-room-reaches-all" "What is sent to a room without members reaches the whole namespace."
    SessionRoomsEmpty "session-rooms-empty" "A socket is told that it is in no room."

    OnlyFirstRoomJoined "only-first-room-joined" "Of several rooms to join, only the first is joined."
    OnlyFirstRoomLeft "only-first-room-left" "Of several rooms to leave, only the first is left."
    JoinsCounted "joins-counted" "A room joined twice has to be left twice."
    RejoinIgnored "rejoin-ignored" "A room that was left cannot be joined again."
    OwnRoomStays "own-room-stays" "The room named after a socket cannot be left."
    WithoutOwnRoomHearsItself "without-own-room-hears-itself" "A socket that has left its own room hears its own broadcasts."
    RoomsRemembered "rooms-remembered" "A broadcast of a socket goes to the rooms that its last message was for."
    ForeignIdNotJoined "foreign-id-not-joined" "Joining a room that is named after another socket has no effect."

    // Operations on sockets.
    SocketsDisconnectStaysOpen "sockets-disconnect-stays-open" "Disconnecting sockets with close leaves their connections open."
    FetchIgnoresRoom "fetch-ignores-room" "Looking up a room finds the whole namespace."
    DataNotKept "data-not-kept" "The data of a socket is not kept."
    SocketsJoinIgnored "sockets-join-ignored" "Making other sockets join a room has no effect."
    SocketsLeaveIgnored "sockets-leave-ignored" "Making other sockets leave a room has no effect."
    SocketsDisconnectIgnored "sockets-disconnect-ignored" "Disconnecting the sockets of a room has no effect."

    // Broadcasts.
    VolatileDropped "volatile-dropped" "A volatile event is dropped though its receiver is ready."
    UncompressedDropped "uncompressed-dropped" "An event that is not to be compressed is dropped."
    LocalReachesNobody "local-reaches-nobody" "What is sent to the sockets of this node reaches nobody."
    LargeBroadcastLost "large-broadcast-lost" "A broadcast of more than 64 KiB reaches nobody."
    BroadcastIncludesSender "broadcast-includes-sender" "A socket hears its own broadcast."
    BroadcastDeliversTwice "broadcast-delivers-twice" "A broadcast to the whole namespace is heard twice."
    ServerEmitExcludesCaller "server-emit-excludes-caller" "What the server sends to the namespace does not reach the socket that asked for it."
    BroadcastCrossesNamespaces "broadcast-crosses-namespaces" "What is sent to a whole namespace reaches the other namespaces as well."
    BroadcastIgnoresExcept "broadcast-ignores-except" "Excepted rooms are not excepted from what is sent to a whole namespace."
    BroadcastSharesAttachments "broadcast-shares-attachments" "The last of several receivers of a binary broadcast gets empty attachments."
    BroadcastOvertakes "broadcast-overtakes" "A broadcast overtakes the event that was sent to the same socket just before."
    OfNamespaceIgnored "of-namespace-ignored" "What the server sends to another namespace goes to the namespace of the socket that asked."
    BroadcastReachesDeparted "broadcast-reaches-departed" "A client that left the namespace still hears what is sent to all of it."
    BroadcastAckMissesOne "broadcast-ack-misses-one" "The last answer to a broadcast is not reported."
    BroadcastAckDropsPartial "broadcast-ack-drops-partial" "A broadcast that timed out reports none of the answers it got."
    BroadcastAckWaitsForNobody "broadcast-ack-waits-for-nobody" "A broadcast with acknowledgement that reaches nobody times out."

    FifthBroadcastLost "fifth-broadcast-lost" "The fifth broadcast of a socket reaches nobody."
    DynamicMadeTwice "dynamic-made-twice" "A dynamic namespace is made anew when its eighth socket comes."
    BroadcastAfterLeaveLost "broadcast-after-leave-lost" "What is sent to a room that somebody has just left, and others are in, reaches nobody."
    VolatileKept "volatile-kept" "A volatile event waits for the next poll as any other does."
    ReservedNameSent "reserved-name-sent" "Events with reserved names are sent."
    BroadcastAckTakesLast "broadcast-ack-takes-last" "Of an acknowledgement with several values, the last one is reported."
    VolatileBurstTakesNext "volatile-burst-takes-next" "The event behind four volatile ones in a row is lost."
    VolatileLacksAttachments "volatile-lacks-attachments" "Volatile events leave without their attachments."
    RefusedHearsBroadcasts "refused-hears-broadcasts" "Who was refused by a middleware hears what is sent to the whole namespace."
    KeptForTheNext "kept-for-the-next" "What is sent to a whole dynamic namespace that somebody was lost from is sent to the next who joins, too."
    LossSilencesRoom "loss-silences-room" "The next message to a room that somebody was just lost from, and others are in, reaches nobody."

    // Recovery.
    ConnectedRecovered "connected-recovered" "Who names the private id of a client that is connected is taken for it."
    PidIsSid "pid-is-sid" "The private id of a session is the id of its socket."
    BinaryLacksOffset "binary-lacks-offset" "Binary events have no offset."
    AckedHasOffset "acked-has-offset" "Events that ask for an acknowledgement have an offset."
    VolatileHasOffset "volatile-has-offset" "Volatile events have an offset."
    RecoveredUnderNewId "recovered-under-new-id" "A recovered socket has a new id."
    RecoveredUnderNewPid "recovered-under-new-pid" "A recovered session has a new private id."
    RecoveredUnsaid "recovered-unsaid" "The application is not told that a socket is recovered."
    RecoveredUnannounced "recovered-unannounced" "The application is not told of the arrival of a recovered socket."
    RecoveredWithoutRooms "recovered-without-rooms" "A recovered socket is in no room but its own."
    RecoveredWithoutData "recovered-without-data" "A recovered socket has lost its data."
    RecoveredOnce "recovered-once" "A session that was recovered before is not recovered again."
    MissedNewestFirst "missed-newest-first" "Missed events are sent newest first."
    MissedSentTwice "missed-sent-twice" "Missed events are sent twice."
    MissedBroadcastsLost "missed-broadcasts-lost" "Missed events for the whole namespace are not sent."
    MissedRoomsLost "missed-rooms-lost" "Missed events for rooms are not sent, but those for the socket's id are."
    MissedOfAllRooms "missed-of-all-rooms" "Who comes back is sent the events of rooms it was not in."
    MissedOfAllNamespaces "missed-of-all-namespaces" "Who comes back is sent the events of other namespaces."
    MissedIgnoresExcept "missed-ignores-except" "Who comes back is sent events from which its room was excepted."
    MissedIncludesOwn "missed-includes-own" "Who comes back is sent its own broadcasts."
    MissedBinaryEmptied "missed-binary-emptied" "The attachments of missed events are empty."
    LastHeardReplayed "last-heard-replayed" "The event that a returning client heard last is sent again, unless it is the greeting."
    VolatileReplayed "volatile-replayed" "Missed volatile events are sent."
    AckedReplayed "acked-replayed" "Missed events that asked for an acknowledgement are sent."
    RecoveryNeverExpires "recovery-never-expires" "A lost session can come back after any time."
    ForeignPidAdopted "foreign-pid-adopted" "A client that names an unknown private id gets it."
    UnknownOffsetAccepted "unknown-offset-accepted" "A session is recovered whatever the offset, as if nothing had been missed before its loss."
    OffsetOptional "offset-optional" "A session is recovered without an offset."
    IdleOffsetForgotten "idle-offset-forgotten" "A session whose last event is older than the window is not recovered."
    LeaverRecovered "leaver-recovered" "A session that its client ended is recovered."
    RemovedRecovered "removed-recovered" "A session that the server ended is recovered."
    TimeoutNotRecovered "timeout-not-recovered" "A session that was lost by a ping time-out is not recovered."
    MiddlewareRunsAgain "middleware-runs-again" "Middlewares decide about recovered sockets too."
    PidOfOtherNamespaceAccepted "pid-of-other-namespace-accepted" "The private id of a session in one namespace recovers it in another."
    AckHasOffset "ack-has-offset" "Acknowledgements with ids below 1000000 end with an offset where sessions can be recovered."
    SentNotReplayed "sent-not-replayed" "What was sent before the loss of a connection is not sent again, whatever the offset."

    // The files of the client.
    ClientNotServed "client-not-served" "The file socket.io.js is not there."
    ClientAsPlainText "client-as-plain-text" "The scripts of the client are labelled text/plain."
    ClientBundlesMissing "client-bundles-missing" "Of the scripts of the client, only socket.io.js is there."
    ClientMapsAsScripts "client-maps-as-scripts" "The maps of the client are labelled as scripts."
    ClientUnknownEmpty "client-unknown-empty" "A script that is not there is answered with an empty one."
    ClientQueryCounts "client-query-counts" "A file of the client is not found if the request has a query."
    ClientPathEscapes "client-path-escapes" "A path that leads out of the folder of the client is answered with a file."
    ClientUntagged "client-untagged" "The files of the client have no ETag."
    ClientKept "client-kept" "Caches may keep the files of the client for a day."
    ClientWeakTagUnknown "client-weak-tag-unknown" "The weak form of the tag of a file of the client is not recognised."
    ClientNeverChanges "client-never-changes" "Who knows any version of a file of the client is told that it has not changed."
    ClientUncompressed "client-uncompressed" "The files of the client are not compressed."
    ClientWithoutCors "client-without-cors" "The files of the client name no origin."

    // MessagePack.
    PackedBytesApart "packed-bytes-apart" "Binary values leave as messages of their own, with MessagePack too."
    PackedTextAsBytes "packed-text-as-bytes" "Texts of 256 bytes and more leave as bytes, with MessagePack."
    PackedLargeNumbersZero "packed-large-numbers-zero" "Whole numbers beyond 64 bits leave as 0, with MessagePack."
    PackedRootOmitted "packed-root-omitted" "Acknowledgements in the main namespace, with ids below 1000000, name no namespace, with MessagePack."
    PackedAckIdAsText "packed-ack-id-as-text" "Acknowledgements to ids below 1000000 have their id as text, with MessagePack."
    PackedRefusalEmpty "packed-refusal-empty" "The refusal of a namespace has no data, with MessagePack."
    PackedKeyOrderMatters "packed-key-order-matters" "A MessagePack packet that does not begin with its type closes the connection."
    PackedUndefinedRefused "packed-undefined-refused" "A CONNECT whose data is undefined closes the connection, with MessagePack."
    PackedBinaryTypesAccepted "packed-binary-types-accepted" "The types of binary packets are taken for those of plain ones, with MessagePack."
    PackedTrailingIgnored "packed-trailing-ignored" "Bytes behind a MessagePack packet are ignored."
    PackedTextIgnored "packed-text-ignored" "Text packets are ignored, with MessagePack."
    PackedGarbageIgnored "packed-garbage-ignored" "What is no MessagePack is ignored."
    PackedRootAssumed "packed-root-assumed" "A MessagePack packet without a namespace is taken for one of the main namespace."
    PackedMapIgnored "packed-map-ignored" "A MessagePack event whose data is a map is ignored."

    // Version 3 of Engine.IO.
    OldHandshakeUnframed "old-handshake-unframed" "The open packet of a version 3 polling session has no length."
    OldNotConnected "old-not-connected" "A version 3 session is not in the main namespace unless it asks."
    OldLengthsInBytes "old-lengths-in-bytes" "The lengths in version 3 payloads count bytes."
    OldLengthsReadInCharacters "old-lengths-read-in-characters" "The lengths in the payloads of version 3 clients are taken to count characters."
    OldPingUnanswered "old-ping-unanswered" "The ping of a version 3 client is not answered."
    OldServerPings "old-server-pings" "A version 3 client is pinged by the server as well."
    OldTimeoutIgnored "old-timeout-ignored" "A version 3 client that does not ping stays."
    OldPingExtendsNothing "old-ping-extends-nothing" "A version 3 session ends an interval and a time-out after it began, whatever its client pings."
    OldBase64Bare "old-base64-bare" "Base64 in version 3 payloads lacks the type of its packet."
    OldOctetsAsText "old-octets-as-text" "A version 3 payload of bytes is labelled as text."
    OldOctetsRefused "old-octets-refused" "A version 3 payload of bytes is read as text."
    OldBinaryUnprefixed "old-binary-unprefixed" "Binary websocket messages to version 3 clients lack the type of their packet."
    OldPrefixKept "old-prefix-kept" "The type of a packet in a binary websocket message of a version 3 client is taken for a part of it."
    OldNoopAsOctets "old-noop-as-octets" "The noop that releases a poll of a version 3 client is a payload of bytes."
    OldBadLengthIgnored "old-bad-length-ignored" "A version 3 payload with wrong lengths is ignored."
    OldJsonpBare "old-jsonp-bare" "A poll that asks for JSONP is answered without a script."
    OldFormTakenAsPackets "old-form-taken-as-packets" "The form of a JSONP client is taken for a payload."
    OldQueryKept "old-query-kept" "The query behind a namespace is taken for a part of its name, though the client is an old one."
    OldAnswerHasPayload "old-answer-has-payload" "The answer to CONNECT has a payload for old clients too."
}

#[cfg(test)]
mod tests {
    use super::Fault;

    #[test]
    fn names_are_unique_and_lead_back() {
        for fault in Fault::ALL {
            assert_eq!(Fault::from_name(fault.name()), Some(*fault));
        }
    }
}
