"""The database: tables, migrations, the one writer, repositories. The only user of SQLAlchemy."""
