BEGIN TRANSACTION;
CREATE TABLE session_model_usage (session_id, model, billing_provider, billing_base_url, billing_mode, task, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, estimated_cost_usd, actual_cost_usd, first_seen);
INSERT INTO "session_model_usage" VALUES('s1','claude-opus-4-5','anthropic',NULL,NULL,'',200,100,2000,20,40,NULL,NULL,NULL);
INSERT INTO "session_model_usage" VALUES('s1','gpt-5','anthropic',NULL,NULL,'title',100,50,1000,10,20,NULL,NULL,1767603660.0);
CREATE TABLE sessions (id, model, billing_provider, started_at, title, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, actual_cost_usd, estimated_cost_usd);
INSERT INTO "sessions" VALUES('s1','claude-opus-4-5','Anthropic',1767603600.0,'A title',300,150,3000,30,60,NULL,0.25);
INSERT INTO "sessions" VALUES('s2','claude-opus-4-5','Anthropic',1767603600.0,'A title',700,350,7000,70,140,NULL,0.25);
COMMIT;
