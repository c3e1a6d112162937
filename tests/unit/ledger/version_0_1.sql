-- A ledger of version 0.1.0 in mid-work, made through that version's own interface: photos in every state, waits
-- of every kind, sources with every fate, a lost launch, a webhook result, a folder snapshot and a pause.
BEGIN TRANSACTION;
CREATE TABLE announcements (
    result_uuid TEXT NOT NULL,
    source_uuid TEXT NOT NULL,
    request_id TEXT NOT NULL,
    at_s FLOAT NOT NULL,
    PRIMARY KEY (result_uuid)
);
INSERT INTO "announcements" VALUES('10000000-0000-4000-8000-aaaaaaaaaaaa','00000000-0000-4000-8000-000000000012','request-12',1700035258.0);
CREATE TABLE events (
    id INTEGER NOT NULL,
    photo_id INTEGER NOT NULL,
    at_s FLOAT NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(photo_id) REFERENCES photos (id)
);
INSERT INTO "events" VALUES(1,1,1700035205.0,NULL,'discovered','{"size_bytes": 1001}');
INSERT INTO "events" VALUES(2,2,1700035206.0,NULL,'discovered','{"size_bytes": 1002}');
INSERT INTO "events" VALUES(3,2,1700035207.0,'discovered','accepted','{"sha256": "0000000000000000000000000000000000000000000000000000000000000002", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "retry.png", "note": null}');
INSERT INTO "events" VALUES(4,3,1700035210.0,NULL,'discovered','{"size_bytes": 1003}');
INSERT INTO "events" VALUES(5,3,1700035211.0,'discovered','accepted','{"sha256": "0000000000000000000000000000000000000000000000000000000000000003", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "throttled.png", "note": null}');
INSERT INTO "events" VALUES(6,4,1700035214.0,NULL,'discovered','{"size_bytes": 1004}');
INSERT INTO "events" VALUES(7,4,1700035215.0,'discovered','accepted','{"sha256": "0000000000000000000000000000000000000000000000000000000000000004", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "unavailable.png", "note": null}');
INSERT INTO "events" VALUES(8,5,1700035218.0,NULL,'discovered','{"size_bytes": 1005}');
INSERT INTO "events" VALUES(9,5,1700035219.0,'discovered','accepted','{"sha256": "0000000000000000000000000000000000000000000000000000000000000005", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "held.png", "note": null}');
INSERT INTO "events" VALUES(10,5,1700035220.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000005", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(11,6,1700035223.0,NULL,'discovered','{"size_bytes": 1006}');
INSERT INTO "events" VALUES(12,6,1700035224.0,'discovered','accepted','{"sha256": "0000000000000000000000000000000000000000000000000000000000000006", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "unapproved.png", "note": null}');
INSERT INTO "events" VALUES(13,6,1700035225.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000006", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(14,7,1700035228.0,NULL,'discovered','{"size_bytes": 1007}');
INSERT INTO "events" VALUES(15,7,1700035229.0,'discovered','accepted','{"sha256": "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "lost launch.png", "note": null}');
INSERT INTO "events" VALUES(16,7,1700035230.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000007", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(17,7,1700035231.0,'uploaded','removal_intended','{}');
INSERT INTO "events" VALUES(18,7,1700035233.0,'removal_intended','removal_intended','{"unclear_since_s": 1700035232.0, "lost_because": "HTTP 502 without a body", "locked_since_s": null}');
INSERT INTO "events" VALUES(19,8,1700035234.0,NULL,'discovered','{"size_bytes": 1008}');
INSERT INTO "events" VALUES(20,8,1700035235.0,'discovered','accepted','{"sha256": "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "duplicate.png", "note": null}');
INSERT INTO "events" VALUES(21,8,1700035236.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000008", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(22,9,1700035238.0,NULL,'discovered','{"size_bytes": 1009}');
INSERT INTO "events" VALUES(23,9,1700035239.0,'discovered','accepted','{"sha256": "0000000000000000000000000000000000000000000000000000000000000009", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "launching.png", "note": null}');
INSERT INTO "events" VALUES(24,9,1700035240.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000009", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(25,9,1700035241.0,'uploaded','removal_intended','{}');
INSERT INTO "events" VALUES(26,10,1700035242.0,NULL,'discovered','{"size_bytes": 1010}');
INSERT INTO "events" VALUES(27,10,1700035243.0,'discovered','accepted','{"sha256": "000000000000000000000000000000000000000000000000000000000000000a", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "poll.png", "note": null}');
INSERT INTO "events" VALUES(28,10,1700035244.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000010", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(29,10,1700035245.0,'uploaded','removal_intended','{}');
INSERT INTO "events" VALUES(30,10,1700035246.0,'removal_intended','removal_started','{"request_id": "request-poll", "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(31,11,1700035247.0,NULL,'discovered','{"size_bytes": 1011}');
INSERT INTO "events" VALUES(32,11,1700035248.0,'discovered','accepted','{"sha256": "000000000000000000000000000000000000000000000000000000000000000b", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "overdue.png", "note": null}');
INSERT INTO "events" VALUES(33,11,1700035249.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000011", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(34,11,1700035250.0,'uploaded','removal_intended','{}');
INSERT INTO "events" VALUES(35,11,1700035251.0,'removal_intended','removal_started','{"request_id": "request-11", "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(36,12,1700035253.0,NULL,'discovered','{"size_bytes": 1012}');
INSERT INTO "events" VALUES(37,12,1700035254.0,'discovered','accepted','{"sha256": "000000000000000000000000000000000000000000000000000000000000000c", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "announced.png", "note": null}');
INSERT INTO "events" VALUES(38,12,1700035255.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000012", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(39,12,1700035256.0,'uploaded','removal_intended','{}');
INSERT INTO "events" VALUES(40,12,1700035257.0,'removal_intended','removal_started','{"request_id": "request-12", "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(41,13,1700035259.0,NULL,'discovered','{"size_bytes": 1013}');
INSERT INTO "events" VALUES(42,13,1700035260.0,'discovered','accepted','{"sha256": "000000000000000000000000000000000000000000000000000000000000000d", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "finished.png", "note": null}');
INSERT INTO "events" VALUES(43,13,1700035261.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000013", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(44,13,1700035262.0,'uploaded','removal_intended','{}');
INSERT INTO "events" VALUES(45,13,1700035263.0,'removal_intended','removal_started','{"request_id": "request-13", "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(46,13,1700035264.0,'removal_started','removal_finished','{"result_uuid": "10000000-0000-4000-8000-000000000013"}');
INSERT INTO "events" VALUES(47,14,1700035265.0,NULL,'discovered','{"size_bytes": 1014}');
INSERT INTO "events" VALUES(48,14,1700035266.0,'discovered','accepted','{"sha256": "000000000000000000000000000000000000000000000000000000000000000e", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "finished, disk full.png", "note": null}');
INSERT INTO "events" VALUES(49,14,1700035267.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000014", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(50,14,1700035268.0,'uploaded','removal_intended','{}');
INSERT INTO "events" VALUES(51,14,1700035269.0,'removal_intended','removal_started','{"request_id": "request-14", "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(52,14,1700035270.0,'removal_started','removal_finished','{"result_uuid": "10000000-0000-4000-8000-000000000014"}');
INSERT INTO "events" VALUES(53,15,1700035273.0,NULL,'discovered','{"size_bytes": 1015}');
INSERT INTO "events" VALUES(54,15,1700035274.0,'discovered','accepted','{"sha256": "000000000000000000000000000000000000000000000000000000000000000f", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "archived/p\udcff.png", "note": null}');
INSERT INTO "events" VALUES(55,15,1700035275.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000015", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(56,15,1700035276.0,'uploaded','removal_intended','{}');
INSERT INTO "events" VALUES(57,15,1700035277.0,'removal_intended','removal_started','{"request_id": "request-15", "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(58,15,1700035278.0,'removal_started','removal_finished','{"result_uuid": "10000000-0000-4000-8000-000000000015"}');
INSERT INTO "events" VALUES(59,15,1700035279.0,'removal_finished','published','{"cutout_sha256": "c00000000000000000000000000000000000000000000000000000000000000f", "cutout_bytes": 2000, "target": "archived/p\udcff.png", "note": null, "is_source_due": true, "reused_from": null, "earlier_parameters": null, "anew_since_s": null}');
INSERT INTO "events" VALUES(60,15,1700035280.0,'published','published','{"sentence": "the source was moved to /srv/archive/archived/p\udcff.jpg"}');
INSERT INTO "events" VALUES(61,16,1700035281.0,NULL,'discovered','{"size_bytes": 1016}');
INSERT INTO "events" VALUES(62,16,1700035282.0,'discovered','accepted','{"sha256": "0000000000000000000000000000000000000000000000000000000000000010", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "trashed.png", "note": null}');
INSERT INTO "events" VALUES(63,16,1700035283.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000016", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(64,16,1700035284.0,'uploaded','removal_intended','{}');
INSERT INTO "events" VALUES(65,16,1700035285.0,'removal_intended','removal_started','{"request_id": "request-16", "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(66,16,1700035286.0,'removal_started','removal_finished','{"result_uuid": "10000000-0000-4000-8000-000000000016"}');
INSERT INTO "events" VALUES(67,16,1700035287.0,'removal_finished','published','{"cutout_sha256": "c000000000000000000000000000000000000000000000000000000000000010", "cutout_bytes": 2000, "target": "trashed.png", "note": null, "is_source_due": true, "reused_from": null, "earlier_parameters": null, "anew_since_s": null}');
INSERT INTO "events" VALUES(68,16,1700035288.0,'published','published','{"sentence": "the source was moved to the trash, /home/a/.local/share/Trash/files/trashed.jpg"}');
INSERT INTO "events" VALUES(69,17,1700035289.0,NULL,'discovered','{"size_bytes": 1017}');
INSERT INTO "events" VALUES(70,17,1700035290.0,'discovered','accepted','{"sha256": "0000000000000000000000000000000000000000000000000000000000000011", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "deleted.png", "note": null}');
INSERT INTO "events" VALUES(71,17,1700035291.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000017", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(72,17,1700035292.0,'uploaded','removal_intended','{}');
INSERT INTO "events" VALUES(73,17,1700035293.0,'removal_intended','removal_started','{"request_id": "request-17", "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(74,17,1700035294.0,'removal_started','removal_finished','{"result_uuid": "10000000-0000-4000-8000-000000000017"}');
INSERT INTO "events" VALUES(75,17,1700035295.0,'removal_finished','published','{"cutout_sha256": "c000000000000000000000000000000000000000000000000000000000000011", "cutout_bytes": 2000, "target": "deleted.png", "note": null, "is_source_due": true, "reused_from": null, "earlier_parameters": null, "anew_since_s": null}');
INSERT INTO "events" VALUES(76,17,1700035296.0,'published','published','{"sentence": "the source was deleted"}');
INSERT INTO "events" VALUES(77,18,1700035297.0,NULL,'discovered','{"size_bytes": 1018}');
INSERT INTO "events" VALUES(78,18,1700035298.0,'discovered','accepted','{"sha256": "0000000000000000000000000000000000000000000000000000000000000012", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "gone.png", "note": null}');
INSERT INTO "events" VALUES(79,18,1700035299.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000018", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(80,18,1700035300.0,'uploaded','removal_intended','{}');
INSERT INTO "events" VALUES(81,18,1700035301.0,'removal_intended','removal_started','{"request_id": "request-18", "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(82,18,1700035302.0,'removal_started','removal_finished','{"result_uuid": "10000000-0000-4000-8000-000000000018"}');
INSERT INTO "events" VALUES(83,18,1700035303.0,'removal_finished','published','{"cutout_sha256": "c000000000000000000000000000000000000000000000000000000000000012", "cutout_bytes": 2000, "target": "gone.png", "note": null, "is_source_due": true, "reused_from": null, "earlier_parameters": null, "anew_since_s": null}');
INSERT INTO "events" VALUES(84,18,1700035304.0,'published','published','{"sentence": "the source was gone already"}');
INSERT INTO "events" VALUES(85,19,1700035305.0,NULL,'discovered','{"size_bytes": 1019}');
INSERT INTO "events" VALUES(86,19,1700035306.0,'discovered','accepted','{"sha256": "0000000000000000000000000000000000000000000000000000000000000013", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "left.png", "note": null}');
INSERT INTO "events" VALUES(87,19,1700035307.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000019", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(88,19,1700035308.0,'uploaded','removal_intended','{}');
INSERT INTO "events" VALUES(89,19,1700035309.0,'removal_intended','removal_started','{"request_id": "request-19", "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(90,19,1700035310.0,'removal_started','removal_finished','{"result_uuid": "10000000-0000-4000-8000-000000000019"}');
INSERT INTO "events" VALUES(91,19,1700035311.0,'removal_finished','published','{"cutout_sha256": "c000000000000000000000000000000000000000000000000000000000000013", "cutout_bytes": 2000, "target": "left.png", "note": null, "is_source_due": true, "reused_from": null, "earlier_parameters": null, "anew_since_s": null}');
INSERT INTO "events" VALUES(92,19,1700035312.0,'published','published','{"sentence": "the source was left alone: something else stands in its place by now"}');
INSERT INTO "events" VALUES(93,20,1700035313.0,NULL,'discovered','{"size_bytes": 1020}');
INSERT INTO "events" VALUES(94,20,1700035314.0,'discovered','accepted','{"sha256": "0000000000000000000000000000000000000000000000000000000000000014", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "kept.png", "note": null}');
INSERT INTO "events" VALUES(95,20,1700035315.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000020", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(96,20,1700035316.0,'uploaded','removal_intended','{}');
INSERT INTO "events" VALUES(97,20,1700035317.0,'removal_intended','removal_started','{"request_id": "request-20", "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(98,20,1700035318.0,'removal_started','removal_finished','{"result_uuid": "10000000-0000-4000-8000-000000000020"}');
INSERT INTO "events" VALUES(99,20,1700035319.0,'removal_finished','published','{"cutout_sha256": "c000000000000000000000000000000000000000000000000000000000000014", "cutout_bytes": 2000, "target": "kept.png", "note": null, "is_source_due": true, "reused_from": null, "earlier_parameters": null, "anew_since_s": null}');
INSERT INTO "events" VALUES(100,21,1700035321.0,NULL,'discovered','{"size_bytes": 1021}');
INSERT INTO "events" VALUES(101,21,1700035322.0,'discovered','accepted','{"sha256": "0000000000000000000000000000000000000000000000000000000000000015", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "other words.png", "note": null}');
INSERT INTO "events" VALUES(102,21,1700035323.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000021", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(103,21,1700035324.0,'uploaded','removal_intended','{}');
INSERT INTO "events" VALUES(104,21,1700035325.0,'removal_intended','removal_started','{"request_id": "request-21", "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(105,21,1700035326.0,'removal_started','removal_finished','{"result_uuid": "10000000-0000-4000-8000-000000000021"}');
INSERT INTO "events" VALUES(106,21,1700035327.0,'removal_finished','published','{"cutout_sha256": "c000000000000000000000000000000000000000000000000000000000000015", "cutout_bytes": 2000, "target": "other words.png", "note": null, "is_source_due": true, "reused_from": null, "earlier_parameters": null, "anew_since_s": null}');
INSERT INTO "events" VALUES(107,21,1700035328.0,'published','published','{"sentence": "a later build put the source into a box"}');
INSERT INTO "events" VALUES(108,22,1700035329.0,NULL,'discovered','{"size_bytes": 1022}');
INSERT INTO "events" VALUES(109,22,1700035330.0,'discovered','accepted','{"sha256": "0000000000000000000000000000000000000000000000000000000000000016", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "due.png", "note": null}');
INSERT INTO "events" VALUES(110,22,1700035331.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000022", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(111,22,1700035332.0,'uploaded','removal_intended','{}');
INSERT INTO "events" VALUES(112,22,1700035333.0,'removal_intended','removal_started','{"request_id": "request-22", "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(113,22,1700035334.0,'removal_started','removal_finished','{"result_uuid": "10000000-0000-4000-8000-000000000022"}');
INSERT INTO "events" VALUES(114,22,1700035335.0,'removal_finished','published','{"cutout_sha256": "c000000000000000000000000000000000000000000000000000000000000016", "cutout_bytes": 2000, "target": "due.png", "note": null, "is_source_due": true, "reused_from": null, "earlier_parameters": null, "anew_since_s": null}');
INSERT INTO "events" VALUES(115,23,1700035336.0,NULL,'discovered','{"size_bytes": 1023}');
INSERT INTO "events" VALUES(116,23,1700035337.0,'discovered','accepted','{"sha256": "0000000000000000000000000000000000000000000000000000000000000017", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "missing.png", "note": null}');
INSERT INTO "events" VALUES(117,23,1700035338.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000023", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(118,23,1700035339.0,'uploaded','removal_intended','{}');
INSERT INTO "events" VALUES(119,23,1700035340.0,'removal_intended','removal_started','{"request_id": "request-23", "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(120,23,1700035341.0,'removal_started','removal_finished','{"result_uuid": "10000000-0000-4000-8000-000000000023"}');
INSERT INTO "events" VALUES(121,23,1700035342.0,'removal_finished','published','{"cutout_sha256": "c000000000000000000000000000000000000000000000000000000000000017", "cutout_bytes": 2000, "target": "missing.png", "note": null, "is_source_due": true, "reused_from": null, "earlier_parameters": null, "anew_since_s": null}');
INSERT INTO "events" VALUES(122,24,1700035345.0,NULL,'discovered','{"size_bytes": 1024}');
INSERT INTO "events" VALUES(123,24,1700035346.0,'discovered','rejected','{"code": "empty", "sentence": "it is empty (0 bytes)", "advice": "Copy it again."}');
INSERT INTO "events" VALUES(124,25,1700035347.0,NULL,'discovered','{"size_bytes": 1025}');
INSERT INTO "events" VALUES(125,25,1700035348.0,'discovered','accepted','{"sha256": "0000000000000000000000000000000000000000000000000000000000000019", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "failed.png", "note": null}');
INSERT INTO "events" VALUES(126,25,1700035349.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000025", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(127,25,1700035350.0,'uploaded','removal_intended','{}');
INSERT INTO "events" VALUES(128,25,1700035351.0,'removal_intended','removal_started','{"request_id": "request-25", "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(129,25,1700035352.0,'removal_started','failed','{"code": "unknown_foreground", "sentence": "no foreground was found", "advice": "Take another photo."}');
INSERT INTO "events" VALUES(130,26,1700035353.0,NULL,'discovered','{"size_bytes": 1026}');
INSERT INTO "events" VALUES(131,26,1700035354.0,'discovered','accepted','{"sha256": "000000000000000000000000000000000000000000000000000000000000001a", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "superseded.png", "note": null}');
INSERT INTO "events" VALUES(132,26,1700035355.0,'accepted','superseded','{"code": "changed", "sentence": "superseded.jpg was changed before it was paid for", "advice": "It is taken again."}');
INSERT INTO "events" VALUES(133,27,1700035356.0,NULL,'discovered','{"size_bytes": 1027}');
INSERT INTO "events" VALUES(134,27,1700035357.0,'discovered','accepted','{"sha256": "000000000000000000000000000000000000000000000000000000000000001b", "width": 60, "height": 40, "orientation": 1, "parameters": "{}", "output": "/srv/out", "target": "anew.png", "note": null}');
INSERT INTO "events" VALUES(135,27,1700035358.0,'accepted','uploaded','{"source_uuid": "00000000-0000-4000-8000-000000000027", "sent_width": null, "sent_height": null, "sent_as": null, "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(136,27,1700035359.0,'uploaded','removal_intended','{}');
INSERT INTO "events" VALUES(137,27,1700035360.0,'removal_intended','removal_started','{"request_id": "request-27", "unclear_since_s": null, "locked_since_s": null}');
INSERT INTO "events" VALUES(138,27,1700035361.0,'removal_started','removal_finished','{"result_uuid": "10000000-0000-4000-8000-000000000027"}');
INSERT INTO "events" VALUES(139,27,1700035362.0,'removal_finished','published','{"cutout_sha256": "c00000000000000000000000000000000000000000000000000000000000001b", "cutout_bytes": 2000, "target": "anew.png", "note": null, "is_source_due": true, "reused_from": null, "earlier_parameters": null, "anew_since_s": null}');
INSERT INTO "events" VALUES(140,27,1700035365.0,'published','accepted','{"parameters": "{\"crop\":\"1\"}", "earlier_parameters": "{}", "anew_since_s": 1700035364.0, "source_uuid": null, "request_id": null, "result_uuid": null, "unclear_since_s": null, "locked_since_s": null, "has_lost_outcome": false, "note": null}');
INSERT INTO "events" VALUES(141,28,1700035700.0,NULL,'published','{"target": "rebuilt.png", "note": "restored by cutoutd rebuild"}');
CREATE TABLE launches (
    id INTEGER NOT NULL,
    photo_id INTEGER NOT NULL,
    at_s FLOAT NOT NULL,
    day TEXT NOT NULL,
    is_returned BOOLEAN NOT NULL,
    source_uuid TEXT,
    request_id TEXT,
    lost_because TEXT,
    found_uuid TEXT,
    PRIMARY KEY (id),
    FOREIGN KEY(photo_id) REFERENCES photos (id)
);
INSERT INTO "launches" VALUES(1,7,1700035231.0,'2023-11-15',0,'00000000-0000-4000-8000-000000000007',NULL,'HTTP 502 without a body',NULL);
INSERT INTO "launches" VALUES(2,9,1700035241.0,'2023-11-15',0,'00000000-0000-4000-8000-000000000009',NULL,NULL,NULL);
INSERT INTO "launches" VALUES(3,10,1700035245.0,'2023-11-15',0,'00000000-0000-4000-8000-000000000010','request-poll',NULL,NULL);
INSERT INTO "launches" VALUES(4,11,1700035250.0,'2023-11-15',0,'00000000-0000-4000-8000-000000000011','request-11',NULL,NULL);
INSERT INTO "launches" VALUES(5,12,1700035256.0,'2023-11-15',0,'00000000-0000-4000-8000-000000000012','request-12',NULL,NULL);
INSERT INTO "launches" VALUES(6,13,1700035262.0,'2023-11-15',0,'00000000-0000-4000-8000-000000000013','request-13',NULL,NULL);
INSERT INTO "launches" VALUES(7,14,1700035268.0,'2023-11-15',0,'00000000-0000-4000-8000-000000000014','request-14',NULL,NULL);
INSERT INTO "launches" VALUES(8,15,1700035276.0,'2023-11-15',0,'00000000-0000-4000-8000-000000000015','request-15',NULL,NULL);
INSERT INTO "launches" VALUES(9,16,1700035284.0,'2023-11-15',0,'00000000-0000-4000-8000-000000000016','request-16',NULL,NULL);
INSERT INTO "launches" VALUES(10,17,1700035292.0,'2023-11-15',0,'00000000-0000-4000-8000-000000000017','request-17',NULL,NULL);
INSERT INTO "launches" VALUES(11,18,1700035300.0,'2023-11-15',0,'00000000-0000-4000-8000-000000000018','request-18',NULL,NULL);
INSERT INTO "launches" VALUES(12,19,1700035308.0,'2023-11-15',0,'00000000-0000-4000-8000-000000000019','request-19',NULL,NULL);
INSERT INTO "launches" VALUES(13,20,1700035316.0,'2023-11-15',0,'00000000-0000-4000-8000-000000000020','request-20',NULL,NULL);
INSERT INTO "launches" VALUES(14,21,1700035324.0,'2023-11-15',0,'00000000-0000-4000-8000-000000000021','request-21',NULL,NULL);
INSERT INTO "launches" VALUES(15,22,1700035332.0,'2023-11-15',0,'00000000-0000-4000-8000-000000000022','request-22',NULL,NULL);
INSERT INTO "launches" VALUES(16,23,1700035339.0,'2023-11-15',0,'00000000-0000-4000-8000-000000000023','request-23',NULL,NULL);
INSERT INTO "launches" VALUES(17,25,1700035350.0,'2023-11-15',0,'00000000-0000-4000-8000-000000000025','request-25',NULL,NULL);
INSERT INTO "launches" VALUES(18,27,1700035359.0,'2023-11-15',0,'00000000-0000-4000-8000-000000000027','request-27',NULL,NULL);
CREATE TABLE memory (
    "key" TEXT NOT NULL,
    value TEXT NOT NULL,
    at_s FLOAT NOT NULL,
    PRIMARY KEY ("key")
);
INSERT INTO "memory" VALUES('pause','{"reason":"stocktaking","since_s":1700035300.0}',1700035366.0);
INSERT INTO "memory" VALUES('roll of products','{"input": "/srv/in", "parts": [{"path": "", "mount": "/", "device": 64}], "witnesses": [{"path": "found.jpg", "size_bytes": 1001, "mtime_ns": 1}]}',1700035367.0);
INSERT INTO "memory" VALUES('archive /srv/archive','true',1700035368.0);
CREATE TABLE migrations (
    number INTEGER NOT NULL,
    at_s FLOAT NOT NULL,
    PRIMARY KEY (number)
);
INSERT INTO "migrations" VALUES(1,1700035202.0);
INSERT INTO "migrations" VALUES(2,1700035203.0);
CREATE TABLE operations (
    day TEXT NOT NULL,
    purpose TEXT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (day, purpose)
);
INSERT INTO "operations" VALUES('2023-11-15','upload',9);
INSERT INTO "operations" VALUES('2023-11-15','launch',8);
INSERT INTO "operations" VALUES('2023-11-15','poll',3);
CREATE TABLE photos (
    id INTEGER NOT NULL,
    folder TEXT NOT NULL,
    path TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    mtime_ns BIGINT NOT NULL,
    ctime_ns BIGINT NOT NULL,
    inode BIGINT NOT NULL,
    input TEXT NOT NULL,
    state TEXT NOT NULL,
    state_at_s FLOAT NOT NULL,
    wait_until_s FLOAT NOT NULL,
    wait_set_at_s FLOAT NOT NULL,
    wait_attempts INTEGER NOT NULL,
    wait_reason TEXT NOT NULL,
    wait_for INTEGER,
    is_held BOOLEAN NOT NULL,
    is_away BOOLEAN NOT NULL,
    is_unapproved BOOLEAN NOT NULL,
    approved_at_s FLOAT,
    sha256 TEXT,
    width INTEGER,
    height INTEGER,
    orientation INTEGER,
    parameters TEXT,
    output TEXT,
    target TEXT,
    source_uuid TEXT,
    sent_width INTEGER,
    sent_height INTEGER,
    sent_as TEXT,
    unclear_since_s FLOAT,
    lost_because TEXT,
    locked_since_s FLOAT,
    has_lost_outcome BOOLEAN NOT NULL,
    request_id TEXT,
    result_uuid TEXT,
    kept_uuid TEXT,
    cutout_sha256 TEXT,
    cutout_bytes BIGINT,
    earlier_parameters TEXT,
    anew_since_s FLOAT,
    reused_from INTEGER,
    is_source_due BOOLEAN NOT NULL,
    source_fate TEXT,
    missed_at_s FLOAT,
    note TEXT,
    code TEXT,
    sentence TEXT,
    advice TEXT,
    failed_at TEXT,
    remote_cleaned_at_s FLOAT,
    PRIMARY KEY (id)
);
INSERT INTO "photos" VALUES(1,'products','found.jpg',1001,1,1,1,'/srv/in','discovered',1700035205.0,0.0,0.0,0,'',NULL,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(2,'products','retry.jpg',1002,2,2,2,'/srv/in','accepted',1700035207.0,1700035209.0,1700035209.0,1,'upload.uploadcare.com cannot be reached: connection refused',NULL,0,0,0,NULL,'0000000000000000000000000000000000000000000000000000000000000002',60,40,1,'{}','/srv/out','retry.png',NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(3,'products','throttled.jpg',1003,3,3,3,'/srv/in','accepted',1700035211.0,1700035244.5,1700035213.0,1,'upload.uploadcare.com asks for 30 s of patience',NULL,0,0,0,NULL,'0000000000000000000000000000000000000000000000000000000000000003',60,40,1,'{}','/srv/out','throttled.png',NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(4,'products','unavailable.jpg',1004,4,4,4,'/srv/in','accepted',1700035215.0,1700035217.0,1700035217.0,1,'the folder "products" is empty, and was not',NULL,0,1,0,NULL,'0000000000000000000000000000000000000000000000000000000000000004',60,40,1,'{}','/srv/out','unavailable.png',NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(5,'products','held.jpg',1005,5,5,5,'/srv/in','uploaded',1700035220.0,1700092800.0,1700035222.0,0,'limits.per_day allows 8 removals in a day, and no more are left; it goes on on 2023-11-16',NULL,1,0,0,NULL,'0000000000000000000000000000000000000000000000000000000000000005',60,40,1,'{}','/srv/out','held.png','00000000-0000-4000-8000-000000000005',NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(6,'products','unapproved.jpg',1006,6,6,6,'/srv/in','uploaded',1700035225.0,253370764800.0,1700035227.0,0,'"products" has more new photos than limits.confirm_over; type: cutoutd approve products',NULL,1,0,1,NULL,'0000000000000000000000000000000000000000000000000000000000000006',60,40,1,'{}','/srv/out','unapproved.png','00000000-0000-4000-8000-000000000006',NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(7,'products','lost launch.jpg',1007,7,7,7,'/srv/in','removal_intended',1700035233.0,1700035252.0,1700035233.0,0,'',NULL,0,0,0,NULL,'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd',60,40,1,'{}','/srv/out','lost launch.png','00000000-0000-4000-8000-000000000007',NULL,NULL,NULL,1700035232.0,'HTTP 502 without a body',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(8,'products','duplicate.jpg',1008,8,8,8,'/srv/in','uploaded',1700035236.0,1700038836.0,1700035237.0,0,'the same picture is under way as products/lost launch.jpg',7,0,0,0,NULL,'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd',60,40,1,'{}','/srv/out','duplicate.png','00000000-0000-4000-8000-000000000008',NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(9,'products','launching.jpg',1009,9,9,9,'/srv/in','removal_intended',1700035241.0,0.0,1700035241.0,0,'',NULL,0,0,0,NULL,'0000000000000000000000000000000000000000000000000000000000000009',60,40,1,'{}','/srv/out','launching.png','00000000-0000-4000-8000-000000000009',NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(10,'products','poll.jpg',1010,10,10,10,'/srv/in','removal_started',1700035246.0,1700035248.0,1700035246.0,0,'',NULL,0,0,0,NULL,'000000000000000000000000000000000000000000000000000000000000000a',60,40,1,'{}','/srv/out','poll.png','00000000-0000-4000-8000-000000000010',NULL,NULL,NULL,NULL,NULL,NULL,0,'request-poll',NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(11,'products','overdue.jpg',1011,11,11,11,'/srv/in','removal_started',1700035251.0,1700035751.0,1700035252.0,9,'the removal has been running for 11 minutes; cutoutd goes on asking, rarely',NULL,0,0,0,NULL,'000000000000000000000000000000000000000000000000000000000000000b',60,40,1,'{}','/srv/out','overdue.png','00000000-0000-4000-8000-000000000011',NULL,NULL,NULL,NULL,NULL,NULL,0,'request-11',NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(12,'products','announced.jpg',1012,12,12,12,'/srv/in','removal_started',1700035257.0,0.0,1700035257.0,0,'',NULL,0,0,0,NULL,'000000000000000000000000000000000000000000000000000000000000000c',60,40,1,'{}','/srv/out','announced.png','00000000-0000-4000-8000-000000000012',NULL,NULL,NULL,NULL,NULL,NULL,0,'request-12',NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(13,'products','finished.jpg',1013,13,13,13,'/srv/in','removal_finished',1700035264.0,0.0,1700035264.0,0,'',NULL,0,0,0,NULL,'000000000000000000000000000000000000000000000000000000000000000d',60,40,1,'{}','/srv/out','finished.png','00000000-0000-4000-8000-000000000013',NULL,NULL,NULL,NULL,NULL,NULL,0,'request-13','10000000-0000-4000-8000-000000000013',NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(14,'products','finished, disk full.jpg',1014,14,14,14,'/srv/in','removal_finished',1700035270.0,1700035272.0,1700035272.0,1,'the cutout cannot be written to /srv/out: No space left on device',NULL,0,0,0,NULL,'000000000000000000000000000000000000000000000000000000000000000e',60,40,1,'{}','/srv/out','finished, disk full.png','00000000-0000-4000-8000-000000000014',NULL,NULL,NULL,NULL,NULL,NULL,0,'request-14','10000000-0000-4000-8000-000000000014',NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(15,'products','archived/p􏿿.jpg',1015,15,15,15,'/srv/in','published',1700035279.0,0.0,1700035279.0,0,'',NULL,0,0,0,NULL,'000000000000000000000000000000000000000000000000000000000000000f',60,40,1,'{}','/srv/out','archived/p􏿿.png','00000000-0000-4000-8000-000000000015',NULL,NULL,NULL,NULL,NULL,NULL,0,'request-15','10000000-0000-4000-8000-000000000015',NULL,'c00000000000000000000000000000000000000000000000000000000000000f',2000,NULL,NULL,NULL,0,'the source was moved to /srv/archive/archived/p􏿿.jpg',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(16,'products','trashed.jpg',1016,16,16,16,'/srv/in','published',1700035287.0,0.0,1700035287.0,0,'',NULL,0,0,0,NULL,'0000000000000000000000000000000000000000000000000000000000000010',60,40,1,'{}','/srv/out','trashed.png','00000000-0000-4000-8000-000000000016',NULL,NULL,NULL,NULL,NULL,NULL,0,'request-16','10000000-0000-4000-8000-000000000016',NULL,'c000000000000000000000000000000000000000000000000000000000000010',2000,NULL,NULL,NULL,0,'the source was moved to the trash, /home/a/.local/share/Trash/files/trashed.jpg',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(17,'products','deleted.jpg',1017,17,17,17,'/srv/in','published',1700035295.0,0.0,1700035295.0,0,'',NULL,0,0,0,NULL,'0000000000000000000000000000000000000000000000000000000000000011',60,40,1,'{}','/srv/out','deleted.png','00000000-0000-4000-8000-000000000017',NULL,NULL,NULL,NULL,NULL,NULL,0,'request-17','10000000-0000-4000-8000-000000000017',NULL,'c000000000000000000000000000000000000000000000000000000000000011',2000,NULL,NULL,NULL,0,'the source was deleted',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(18,'products','gone.jpg',1018,18,18,18,'/srv/in','published',1700035303.0,0.0,1700035303.0,0,'',NULL,0,0,0,NULL,'0000000000000000000000000000000000000000000000000000000000000012',60,40,1,'{}','/srv/out','gone.png','00000000-0000-4000-8000-000000000018',NULL,NULL,NULL,NULL,NULL,NULL,0,'request-18','10000000-0000-4000-8000-000000000018',NULL,'c000000000000000000000000000000000000000000000000000000000000012',2000,NULL,NULL,NULL,0,'the source was gone already',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(19,'products','left.jpg',1019,19,19,19,'/srv/in','published',1700035311.0,0.0,1700035311.0,0,'',NULL,0,0,0,NULL,'0000000000000000000000000000000000000000000000000000000000000013',60,40,1,'{}','/srv/out','left.png','00000000-0000-4000-8000-000000000019',NULL,NULL,NULL,NULL,NULL,NULL,0,'request-19','10000000-0000-4000-8000-000000000019',NULL,'c000000000000000000000000000000000000000000000000000000000000013',2000,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(20,'products','kept.jpg',1020,20,20,20,'/srv/in','published',1700035319.0,0.0,1700035319.0,0,'',NULL,0,0,0,NULL,'0000000000000000000000000000000000000000000000000000000000000014',60,40,1,'{}','/srv/out','kept.png','00000000-0000-4000-8000-000000000020',NULL,NULL,NULL,NULL,NULL,NULL,0,'request-20','10000000-0000-4000-8000-000000000020',NULL,'c000000000000000000000000000000000000000000000000000000000000014',2000,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(21,'products','other words.jpg',1021,21,21,21,'/srv/in','published',1700035327.0,0.0,1700035327.0,0,'',NULL,0,0,0,NULL,'0000000000000000000000000000000000000000000000000000000000000015',60,40,1,'{}','/srv/out','other words.png','00000000-0000-4000-8000-000000000021',NULL,NULL,NULL,NULL,NULL,NULL,0,'request-21','10000000-0000-4000-8000-000000000021',NULL,'c000000000000000000000000000000000000000000000000000000000000015',2000,NULL,NULL,NULL,0,'a later build put the source into a box',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(22,'products','due.jpg',1022,22,22,22,'/srv/in','published',1700035335.0,0.0,1700035335.0,0,'',NULL,0,0,0,NULL,'0000000000000000000000000000000000000000000000000000000000000016',60,40,1,'{}','/srv/out','due.png','00000000-0000-4000-8000-000000000022',NULL,NULL,NULL,NULL,NULL,NULL,0,'request-22','10000000-0000-4000-8000-000000000022',NULL,'c000000000000000000000000000000000000000000000000000000000000016',2000,NULL,NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(23,'products','missing.jpg',1023,23,23,23,'/srv/in','published',1700035342.0,0.0,1700035342.0,0,'',NULL,0,0,0,NULL,'0000000000000000000000000000000000000000000000000000000000000017',60,40,1,'{}','/srv/out','missing.png','00000000-0000-4000-8000-000000000023',NULL,NULL,NULL,NULL,NULL,NULL,0,'request-23','10000000-0000-4000-8000-000000000023',NULL,'c000000000000000000000000000000000000000000000000000000000000017',2000,NULL,NULL,NULL,0,NULL,1700035344.0,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(24,'products','rejected.jpg',1024,24,24,24,'/srv/in','rejected',1700035346.0,0.0,1700035346.0,0,'',NULL,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,'empty','it is empty (0 bytes)','Copy it again.',NULL,NULL);
INSERT INTO "photos" VALUES(25,'products','failed.jpg',1025,25,25,25,'/srv/in','failed',1700035352.0,0.0,1700035352.0,0,'',NULL,0,0,0,NULL,'0000000000000000000000000000000000000000000000000000000000000019',60,40,1,'{}','/srv/out','failed.png','00000000-0000-4000-8000-000000000025',NULL,NULL,NULL,NULL,NULL,NULL,0,'request-25',NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,'unknown_foreground','no foreground was found','Take another photo.','removal_started',NULL);
INSERT INTO "photos" VALUES(26,'products','superseded.jpg',1026,26,26,26,'/srv/in','superseded',1700035355.0,0.0,1700035355.0,0,'',NULL,0,0,0,NULL,'000000000000000000000000000000000000000000000000000000000000001a',60,40,1,'{}','/srv/out','superseded.png',NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,'changed','superseded.jpg was changed before it was paid for','It is taken again.',NULL,NULL);
INSERT INTO "photos" VALUES(27,'products','anew.jpg',1027,27,27,27,'/srv/in','accepted',1700035365.0,0.0,1700035365.0,0,'',NULL,0,0,0,1700035365.0,'000000000000000000000000000000000000000000000000000000000000001b',60,40,1,'{"crop":"1"}','/srv/out','anew.png',NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,'c00000000000000000000000000000000000000000000000000000000000001b',2000,'{}',1700035364.0,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "photos" VALUES(28,'products','rebuilt.jpg',3000,3,0,0,'/srv/in','published',1700035700.0,0.0,0.0,0,'',NULL,0,0,0,NULL,'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee',60,40,1,'{}','/srv/out','rebuilt.png',NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',2000,NULL,NULL,NULL,0,'it was not there when the ledger was rebuilt',NULL,'restored by cutoutd rebuild',NULL,NULL,NULL,NULL,NULL);
CREATE TABLE targets (
    folder TEXT NOT NULL,
    path TEXT NOT NULL,
    output TEXT NOT NULL,
    target TEXT NOT NULL,
    target_key TEXT NOT NULL,
    PRIMARY KEY (folder, path, output)
);
INSERT INTO "targets" VALUES('products','retry.jpg','/srv/out','retry.png','retry.png');
INSERT INTO "targets" VALUES('products','throttled.jpg','/srv/out','throttled.png','throttled.png');
INSERT INTO "targets" VALUES('products','unavailable.jpg','/srv/out','unavailable.png','unavailable.png');
INSERT INTO "targets" VALUES('products','held.jpg','/srv/out','held.png','held.png');
INSERT INTO "targets" VALUES('products','unapproved.jpg','/srv/out','unapproved.png','unapproved.png');
INSERT INTO "targets" VALUES('products','lost launch.jpg','/srv/out','lost launch.png','lost launch.png');
INSERT INTO "targets" VALUES('products','duplicate.jpg','/srv/out','duplicate.png','duplicate.png');
INSERT INTO "targets" VALUES('products','launching.jpg','/srv/out','launching.png','launching.png');
INSERT INTO "targets" VALUES('products','poll.jpg','/srv/out','poll.png','poll.png');
INSERT INTO "targets" VALUES('products','overdue.jpg','/srv/out','overdue.png','overdue.png');
INSERT INTO "targets" VALUES('products','announced.jpg','/srv/out','announced.png','announced.png');
INSERT INTO "targets" VALUES('products','finished.jpg','/srv/out','finished.png','finished.png');
INSERT INTO "targets" VALUES('products','finished, disk full.jpg','/srv/out','finished, disk full.png','finished, disk full.png');
INSERT INTO "targets" VALUES('products','archived/p􏿿.jpg','/srv/out','archived/p􏿿.png','archived/p􏿿.png');
INSERT INTO "targets" VALUES('products','trashed.jpg','/srv/out','trashed.png','trashed.png');
INSERT INTO "targets" VALUES('products','deleted.jpg','/srv/out','deleted.png','deleted.png');
INSERT INTO "targets" VALUES('products','gone.jpg','/srv/out','gone.png','gone.png');
INSERT INTO "targets" VALUES('products','left.jpg','/srv/out','left.png','left.png');
INSERT INTO "targets" VALUES('products','kept.jpg','/srv/out','kept.png','kept.png');
INSERT INTO "targets" VALUES('products','other words.jpg','/srv/out','other words.png','other words.png');
INSERT INTO "targets" VALUES('products','due.jpg','/srv/out','due.png','due.png');
INSERT INTO "targets" VALUES('products','missing.jpg','/srv/out','missing.png','missing.png');
INSERT INTO "targets" VALUES('products','failed.jpg','/srv/out','failed.png','failed.png');
INSERT INTO "targets" VALUES('products','superseded.jpg','/srv/out','superseded.png','superseded.png');
INSERT INTO "targets" VALUES('products','anew.jpg','/srv/out','anew.png','anew.png');
CREATE INDEX away ON photos (folder) WHERE is_away IS 1;
CREATE INDEX batch ON photos (approved_at_s, folder) WHERE approved_at_s IS NULL AND state IN ('accepted', 'discovered', 'uploaded');
CREATE INDEX by_path ON photos (path, folder);
CREATE INDEX by_target ON photos (output, target);
CREATE INDEX due ON photos (state, wait_until_s, id);
CREATE INDEX held ON photos (is_unapproved, folder) WHERE is_held IS 1;
CREATE UNIQUE INDEX one_payer ON photos (sha256, parameters) WHERE state IN ('removal_intended', 'removal_started', 'removal_finished');
CREATE UNIQUE INDEX one_row_per_version ON photos (folder, path, size_bytes, mtime_ns, inode) WHERE state != 'superseded' AND source_fate IS NULL;
CREATE INDEX paid_again ON photos (id) WHERE has_lost_outcome IS 1;
CREATE INDEX source_due ON photos (state, id) WHERE is_source_due IS 1;
CREATE INDEX to_clean ON photos (remote_cleaned_at_s, id) WHERE source_uuid IS NOT NULL AND remote_cleaned_at_s IS NULL AND (result_uuid IS NULL OR state = 'published') AND NOT (state = 'failed' AND code = 'internal_fault' AND failed_at IN ('removal_intended', 'removal_started')) AND state IN ('failed', 'published', 'rejected', 'superseded');
CREATE INDEX totals ON photos (state, folder);
CREATE INDEX twins ON photos (sha256, parameters);
CREATE INDEX waiters ON photos (wait_for) WHERE wait_for IS NOT NULL;
CREATE INDEX with_reason ON photos (wait_until_s) WHERE wait_reason != '';
CREATE UNIQUE INDEX one_claimant_per_target ON targets (output, target_key);
CREATE INDEX ix_events_photo_id ON events (photo_id);
CREATE INDEX ix_launches_photo_id ON launches (photo_id);
CREATE INDEX lost ON launches (id) WHERE lost_because IS NOT NULL;
CREATE INDEX spent ON launches (day, is_returned);
CREATE INDEX gallery ON photos (code, state_at_s, id, folder, path) WHERE state = 'published';
CREATE INDEX troubled ON photos (code, state_at_s) WHERE state IN ('failed', 'rejected');
CREATE INDEX ix_announcements_at_s ON announcements (at_s);
CREATE INDEX ix_announcements_source_uuid ON announcements (source_uuid);
CREATE INDEX launches_by_source ON launches (source_uuid);
COMMIT;
