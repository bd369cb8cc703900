BEGIN TRANSACTION;
CREATE TABLE tokens_generated (id, model, provider, tokens_prompt, tokens_generated, timestamp);
INSERT INTO "tokens_generated" VALUES(2,'agent','Kiro',900,80,'2026-01-05 09:00:00');
INSERT INTO "tokens_generated" VALUES(3,'agent','Kiro',900,80,'2026-01-05 09:00:00');
COMMIT;
