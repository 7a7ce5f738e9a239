"""The built-in rooms, from the lowest floor up: migrations run in this order."""

ROOMS = (
    "lms.host.plugin:Host",
    "lms.audit.plugin:Audit",
    "lms.jobs.plugin:Jobs",
    "lms.settings.plugin:Settings",
    "lms.mail.plugin:Mail",
    "lms.media.plugin:Media",
    "lms.health.plugin:Health",
    "lms.web.plugin:Web",
    "lms.content.plugin:Content",
    "lms.accounts.plugin:Accounts",
    "lms.courses.plugin:Courses",
    "lms.access.plugin:Access",
    "lms.commerce.plugin:Commerce",
    "lms.learning.plugin:Learning",
    "lms.pages.plugin:Pages",
    "lms.editor.plugin:Editor",
    "lms.admin.plugin:Admin",
)
