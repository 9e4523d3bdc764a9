-- A queue as the first version left it: written by `sqlite3 .dump`, read by test_review_migrations.py.
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE chain_head (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        events INTEGER NOT NULL,
        hash TEXT NOT NULL
    ) STRICT;
INSERT INTO "chain_head" VALUES(1,10,'a9d8ab61663f1ec13999442aa53511d1fe20720621bee7f97f7f6fadbb531832');
CREATE TABLE event_texts (
        number INTEGER PRIMARY KEY REFERENCES report_events,
        salt TEXT NOT NULL,
        text TEXT NOT NULL,
        snapshot TEXT NOT NULL
    ) STRICT;
INSERT INTO "event_texts" VALUES(1,'9a08ab9142209b13c3a158aa26c521b6','it is longer','{"answer": "It is 12 km long [1].", "asked_before": [], "citations": [{"document": "rivers.md", "end": 0, "heading_path": [], "key": "", "n": 1, "page": null, "quote": "12 km", "row": null, "start": 0, "title": ""}, {"document": "maps.md", "end": 0, "heading_path": [], "key": "", "n": 2, "page": null, "quote": "12 km", "row": null, "start": 0, "title": ""}, {"document": "rivers.md", "end": 0, "heading_path": [], "key": "", "n": 3, "page": null, "quote": "12 km", "row": null, "start": 0, "title": ""}], "digest": "sha256:abc", "dropped_sentences": 0, "flags": [], "index_generation": 3, "model": "first-model", "plan": null, "question": "How long is the R\u00edo Birch?", "reason": "", "rules_version": "rules-1", "scores": {}, "status": "answered", "table": null}');
INSERT INTO "event_texts" VALUES(2,'a25a9ede81e9b727b8ed2ec386a80a37','me too','');
INSERT INTO "event_texts" VALUES(3,'1a5262eb6c2853fe6e1a359a47ed77e8','','{"answer": "It is 12 km long [1].", "asked_before": [], "citations": [], "digest": "sha256:abc", "dropped_sentences": 0, "flags": [], "index_generation": 3, "model": "first-model", "plan": null, "question": "Where does it end?", "reason": "", "rules_version": "rules-1", "scores": {}, "status": "answered", "table": null}');
INSERT INTO "event_texts" VALUES(4,'7b7d9e6b21f5419056a90f9f51a68ab7','','{"answer": "It is 12 km long [1].", "asked_before": [], "citations": [{"document": "maps.md", "end": 0, "heading_path": [], "key": "", "n": 1, "page": null, "quote": "12 km", "row": null, "start": 0, "title": ""}], "digest": "sha256:abc", "dropped_sentences": 0, "flags": [], "index_generation": 3, "model": "first-model", "plan": null, "question": "Who made it?", "reason": "", "rules_version": "rules-1", "scores": {}, "status": "answered", "table": null}');
INSERT INTO "event_texts" VALUES(7,'81f489bf190aa84468e5ed36f5d2c6bb','mended','');
INSERT INTO "event_texts" VALUES(10,'cb00c374c471546c7434bfc81f4cbee2','looking','');
CREATE TABLE filings (
        token_hash TEXT PRIMARY KEY,
        reference TEXT NOT NULL REFERENCES reports,
        session_hash TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT;
INSERT INTO "filings" VALUES('f928fc709d9beb74033d692bf37a10ea06c2c9f0b9b4dfa1b212bc7e8975aa29','R-YWHT9H','',1790000006000000000);
INSERT INTO "filings" VALUES('2d55cae8c990eb436c33331ecbb1c899d01e667c8a6c677f1231d4b83359478c','R-YWHT9H','',1790000007000000000);
INSERT INTO "filings" VALUES('8a16d04287dc50df8378a316e8f6549d8442703df2a4584079b8517062eb3de8','R-15AREM','',1790000008000000000);
INSERT INTO "filings" VALUES('261e2c2394d0d24ac5ddbe5388d2db16b99406465646b25109117c70e0a2a41d','R-1T0D98','',1790000009000000000);
CREATE TABLE moderators (
        name TEXT PRIMARY KEY,
        password_hash TEXT NOT NULL,
        added_at INTEGER NOT NULL
    ) STRICT;
INSERT INTO "moderators" VALUES('fir','$argon2id$v=19$m=8,t=1,p=1$73eilf51R39PfMYcnPwa3A$VLKVykBruuhlzams0QwSHGA77EtpN5R/8NnafDvBmM8',1790000001000000000);
INSERT INTO "moderators" VALUES('birch','$argon2id$v=19$m=8,t=1,p=1$I2CM4sjwHrVSqCm5Q+TM7Q$+8QtguxVbJrUl/Ybx9N3MBVP2DgucVewHcgZdlZuOBo',1790000002000000000);
CREATE TABLE report_events (
        number INTEGER PRIMARY KEY,
        reference TEXT NOT NULL REFERENCES reports,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        kind TEXT NOT NULL,
        old TEXT NOT NULL,
        new TEXT NOT NULL,
        detail TEXT NOT NULL,
        version INTEGER NOT NULL,
        seal TEXT NOT NULL,
        previous TEXT NOT NULL,
        hash TEXT NOT NULL
    ) STRICT;
INSERT INTO "report_events" VALUES(1,'R-YWHT9H',1790000006000000000,'reporter','filed','','wrong','',1,'ef2d8d9eb18190393733fff3085b9599484df20c4557e4b954e690e84208f4f7','','50ef41cdbfcc271dcbff712a9443257e9cccb53dee94723a926b537b1e63c1eb');
INSERT INTO "report_events" VALUES(2,'R-YWHT9H',1790000007000000000,'reporter','repeated','','missing','',1,'135e41cd5f9802d3140d0bef42d519a1d76681ebfb58869efbbf2b0c2bff302f','50ef41cdbfcc271dcbff712a9443257e9cccb53dee94723a926b537b1e63c1eb','6dcf58f6b2922266133ad005e94fd0f695180f5e6ed6ccbbd0ec08061256ee22');
INSERT INTO "report_events" VALUES(3,'R-15AREM',1790000008000000000,'reporter','filed','','missing','',1,'14df00861e8171273cf2f11762bc986258d0afee0faba20ac03344a1e9d1610a','6dcf58f6b2922266133ad005e94fd0f695180f5e6ed6ccbbd0ec08061256ee22','a9f740dd65f55394c308ddabc9070c3faaf5aa1d6492bfb00c1e938e3fe19b78');
INSERT INTO "report_events" VALUES(4,'R-1T0D98',1790000009000000000,'reporter','filed','','off_topic','',1,'745be77776a34861b6fa14b9a2515701816a440a41535556e458ae9264d9c6bd','a9f740dd65f55394c308ddabc9070c3faaf5aa1d6492bfb00c1e938e3fe19b78','03db2de4d291a9cf47f6e515f954cc8a6a2467ec615709518f7f4d412c318647');
INSERT INTO "report_events" VALUES(5,'R-2WYD6P',1790000010000000000,'reporter','filed','','harmful','',1,'7d9bf27664e232fb5c9d760267ace052976773dadc6c4f34047fddb1979e68d0','03db2de4d291a9cf47f6e515f954cc8a6a2467ec615709518f7f4d412c318647','2615817ef4c3d2a06e828260a0766f59df789201d23316b6a4a6f2cf31cdeec5');
INSERT INTO "report_events" VALUES(6,'R-YWHT9H',1790000011000000000,'fir','assigned','','fir','',2,'','2615817ef4c3d2a06e828260a0766f59df789201d23316b6a4a6f2cf31cdeec5','44807064966625cf48abe3580eb24b943174fc9906977e8a1a33df36aefaf8be');
INSERT INTO "report_events" VALUES(7,'R-YWHT9H',1790000012000000000,'fir','resolved','new','corpus_fixed','rivers.md',3,'6f441c158ffe596bf70a847f180e21e37a59e9a96ebc89d810ce49a9f7d2c1a4','44807064966625cf48abe3580eb24b943174fc9906977e8a1a33df36aefaf8be','66015926697920c8f889167ceda1c74e5e58f8f8e126c488dd264fe601ad2476');
INSERT INTO "report_events" VALUES(8,'R-2WYD6P',1790000013000000000,'fir','moved','new','dismissed','',2,'','66015926697920c8f889167ceda1c74e5e58f8f8e126c488dd264fe601ad2476','828f5a34d7a20991a042596e96f1dfc51f410f900f3c1ac4d43cb10a7488b862');
INSERT INTO "report_events" VALUES(9,'R-2WYD6P',1790000014000000000,'fir','purged','','','',2,'','828f5a34d7a20991a042596e96f1dfc51f410f900f3c1ac4d43cb10a7488b862','36469982e7aa19645297def0e6cf84d1596a14eff8e0fc8d1a98ed5daf98d725');
INSERT INTO "report_events" VALUES(10,'R-15AREM',1790000015000000000,'fir','noted','','','',1,'1be6b2d6037cfd5a22e1c82d4f82c736e67bde43a81f95e8ddedf575d5d6c5cd','36469982e7aa19645297def0e6cf84d1596a14eff8e0fc8d1a98ed5daf98d725','a9d8ab61663f1ec13999442aa53511d1fe20720621bee7f97f7f6fadbb531832');
CREATE TABLE reports (
        reference TEXT PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        group_key TEXT NOT NULL,
        status TEXT NOT NULL
            CHECK (status IN ('new', 'triaged', 'in_progress', 'resolved', 'dismissed')),
        severity TEXT NOT NULL CHECK (severity IN ('low', 'normal', 'high', 'urgent')),
        category TEXT NOT NULL,
        assignee TEXT,
        outcome TEXT,
        outcome_detail TEXT NOT NULL,
        question TEXT NOT NULL,
        comment TEXT NOT NULL,
        search_text TEXT NOT NULL,
        model_digest TEXT NOT NULL,
        index_generation INTEGER NOT NULL,
        rules_version TEXT NOT NULL,
        repeats INTEGER NOT NULL,
        version INTEGER NOT NULL,
        filed_at INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        closed_at INTEGER,
        purged_at INTEGER,
        CHECK ((status = 'resolved') = (outcome IS NOT NULL))
    ) STRICT;
INSERT INTO "reports" VALUES('R-YWHT9H','5aefc717a07dda0c17f48a9fb2efdec78afad1b50c5d09d4eee1e660749f1641','eae101bf56b54cfd1c0ad6edb030a004046325afff9169db32ca2ecd32cfdbe8','resolved','normal','wrong','fir','corpus_fixed','rivers.md','How long is the Río Birch?','it is longer','r-ywht9h
how long is the río birch?
it is 12 km long [1].
it is longer
me too','sha256:abc',3,'rules-1',1,3,1790000006000000000,1790000012000000000,1790000012000000000,NULL);
INSERT INTO "reports" VALUES('R-15AREM','51133d79e338bb86f9084f6d83a21f311fbbc97fd37baede2b8f7dbf73a66aef','8d47d0bc99501ade97783c67769f9730e02e41aa4b605cf9cfc3fd3e87d7a189','new','normal','missing',NULL,NULL,'','Where does it end?','','r-15arem
where does it end?
it is 12 km long [1].','sha256:abc',3,'rules-1',0,1,1790000008000000000,1790000008000000000,NULL,NULL);
INSERT INTO "reports" VALUES('R-1T0D98','1323c0384ab155d3c7f704ef839084e5eb23e38b742e36326609217be5c325ef','8b6c3d4987b45610210e5ff6ed4a3a648fdeabc547706ff7ad2324192d8fe35c','new','normal','off_topic',NULL,NULL,'','Who made it?','','r-1t0d98
who made it?
it is 12 km long [1].','sha256:abc',3,'rules-1',0,1,1790000009000000000,1790000009000000000,NULL,NULL);
INSERT INTO "reports" VALUES('R-2WYD6P','R-2WYD6P','R-2WYD6P','dismissed','normal','harmful',NULL,NULL,'','','','','sha256:abc',3,'rules-1',0,2,1790000010000000000,1790000013000000000,1790000013000000000,1790000014000000000);
CREATE TABLE sessions (
        token_hash TEXT PRIMARY KEY,
        name TEXT NOT NULL REFERENCES moderators ON DELETE CASCADE,
        expires_at INTEGER NOT NULL
    ) STRICT;
INSERT INTO "sessions" VALUES('913508dfe0f1c22a5de95c366f3854498204c060051d4e91f7cbed621bdea9c2','fir',1790003604000000000);
CREATE TABLE sign_in_attempts (
        name TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT;
CREATE UNIQUE INDEX reports_one_open ON reports (fingerprint)
        WHERE status IN ('new', 'triaged', 'in_progress');
CREATE INDEX reports_by_fingerprint ON reports (fingerprint, filed_at);
CREATE INDEX reports_by_group ON reports (group_key, filed_at);
CREATE INDEX reports_by_status ON reports (status, filed_at);
CREATE INDEX reports_by_age ON reports (filed_at, reference);
CREATE INDEX report_events_by_report ON report_events (reference, number);
CREATE TRIGGER report_events_keep_order BEFORE INSERT ON report_events
        WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM report_events)
        BEGIN SELECT raise(ABORT, 'events are only appended'); END;
CREATE TRIGGER report_events_never_change BEFORE UPDATE ON report_events
        BEGIN SELECT raise(ABORT, 'events are never changed'); END;
CREATE TRIGGER report_events_never_go BEFORE DELETE ON report_events
        BEGIN SELECT raise(ABORT, 'events are never deleted'); END;
CREATE TRIGGER event_texts_never_change BEFORE UPDATE ON event_texts
        BEGIN SELECT raise(ABORT, 'texts of events are never changed'); END;
CREATE INDEX filings_by_session ON filings (session_hash, at);
CREATE INDEX filings_by_time ON filings (at);
CREATE INDEX filings_by_report ON filings (reference);
CREATE INDEX sessions_by_name ON sessions (name);
CREATE INDEX sign_in_attempts_by_name ON sign_in_attempts (name, at);
COMMIT;
