BEGIN TRANSACTION;
CREATE TABLE responses (id, model, prompt, response, conversation_id, datetime_utc, duration_ms, resolved_model, input_tokens, output_tokens, token_details);
INSERT INTO "responses" VALUES('00000000000000000000000001','gpt-5','SECRET','SECRET','c-1','2026-02-10T09:00:00.123456+00:00',9500,'gpt-5-2025-08-07',2000,1500,'{"prompt_tokens_details": {"cached_tokens": 1024}, "completion_tokens_details": {"reasoning_tokens": 1200}}');
INSERT INTO "responses" VALUES('00000000000000000000000002','gpt-5','SECRET','SECRET','c-1','2026-02-10T09:00:00.123456+00:00',9500,'gpt-5-2025-08-07',2000,1500,'{"prompt_tokens_details": {"cached_tokens": 1024}, "completion_tokens_details": {"reasoning_tokens": 1200}}');
CREATE TABLE turns(
  id,
  model,
  prompt,
  response,
  datetime_utc,
  duration_ms,
  resolved_model,
  input_tokens,
  output_tokens,
  token_details,
  thread_id
);
INSERT INTO "turns" VALUES('00000000000000000000000001','gpt-5','SECRET','SECRET','2026-02-10T09:00:00.123456+00:00',9500,'gpt-5-2025-08-07',2000,1500,'{"prompt_tokens_details": {"cached_tokens": 1024}, "completion_tokens_details": {"reasoning_tokens": 1200}}','t-1');
INSERT INTO "turns" VALUES('00000000000000000000000003','gpt-5','SECRET','SECRET','2026-02-10T09:00:00.123456+00:00',9500,'gpt-5-2025-08-07',2000,1500,'{"prompt_tokens_details": {"cached_tokens": 1024}, "completion_tokens_details": {"reasoning_tokens": 1200}}','t-1');
CREATE TABLE types (i INTEGER);
COMMIT;
