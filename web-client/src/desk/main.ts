// Mounts the desk app. Nothing else happens at start.

import { createApp } from 'vue';
import App from './App.vue';

createApp(App).mount('#app');
