BEGIN TRANSACTION;
CREATE TABLE tokens_generated (id, model, provider, tokens_prompt, tokens_generated, timestamp);
INSERT INTO "tokens_generated" VALUES(1,'claude-opus-4-5','anthropic',900,80,'2026-01-05 09:00:00');
INSERT INTO "tokens_generated" VALUES(2,'claude-opus-4-5','anthropic',1900,180,'2026-01-05 09:01:00');
COMMIT;
