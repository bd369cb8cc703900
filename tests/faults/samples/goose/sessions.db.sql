BEGIN TRANSACTION;
CREATE TABLE sessions (id, working_dir, created_at, session_type, parent_session_id, schedule_id, provider_name, model_config_json, accumulated_cost, accumulated_input_tokens, accumulated_output_tokens, accumulated_cache_read_tokens, accumulated_cache_write_tokens, name, accumulated_total_tokens, input_tokens);
INSERT INTO "sessions" VALUES('20260105_1','/home/ana/notes','2026-01-05 08:00:00','user',NULL,NULL,'anthropic','{"model_name": "claude-opus-4-5", "toolshim": false}',0.25,1000,50,600,100,'A title',1050,999);
INSERT INTO "sessions" VALUES('20260105_2','/home/ana/notes','2026-01-05 08:00:00','sub_agent','20260105_1',NULL,'anthropic','{"model_name": "claude-opus-4-5", "toolshim": false}',0.25,1000,50,600,100,'A title',1050,999);
INSERT INTO "sessions" VALUES('20260105_3','/home/ana/notes','2026-01-05 08:00:00','sub_agent','20260105_2',NULL,'anthropic','{"model_name": "claude-opus-4-5", "toolshim": false}',0.25,1000,50,600,100,'A title',1050,999);
CREATE TABLE usage_ledger (id, session_id, created_timestamp, model, cost, cost_source, is_compaction, input_tokens, output_tokens, total_tokens, cache_read_tokens, cache_write_tokens);
INSERT INTO "usage_ledger" VALUES(1,'20260105_1','2026-01-05 08:10:00','claude-opus-4-5',0.1,'provider',0,300,20,620,250,50);
INSERT INTO "usage_ledger" VALUES(2,'20260105_1','2026-01-05 08:20:00','claude-opus-4-5',0.15,'provider',0,700,30,430,350,50);
COMMIT;
