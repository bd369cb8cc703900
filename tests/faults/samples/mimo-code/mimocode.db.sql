BEGIN TRANSACTION;
CREATE TABLE message (id TEXT, session_id TEXT, time_created, data TEXT);
INSERT INTO "message" VALUES('msg_1','ses_1',0,'{"role": "assistant", "parentID": "msg_0", "modelID": "glm-5.1", "providerID": "zai", "mode": "build", "agent": "build", "path": {"cwd": "/home/ana/notes", "root": "/"}, "time": {"created": 1767603600000, "completed": 1767603607000}, "cost": 0, "tokens": {"input": 100, "output": 60, "reasoning": 0, "cache": {"read": 0, "write": 0}}, "finish": "stop"}');
INSERT INTO "message" VALUES('msg_2','ses_1',0,'{"role": "assistant", "parentID": "msg_0", "modelID": "glm-5.1", "providerID": "zai", "mode": "build", "agent": "build", "path": {"cwd": "/home/ana/notes", "root": "/"}, "time": {"created": 1767603700000, "completed": 1767603607000}, "cost": 0, "tokens": {"input": 130, "output": 60, "reasoning": 0, "cache": {"read": 0, "write": 0}}, "finish": "stop"}');
CREATE TABLE session (id TEXT, parent_id TEXT, directory TEXT, title TEXT);
INSERT INTO "session" VALUES('ses_1',NULL,'/home/ana/opened','A title');
COMMIT;
